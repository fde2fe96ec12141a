"""Notifications of a bucket: what is put is told, EventBridge with the others."""

from typing import Any

ARN = "arn:aws:{service}:us-east-1:123456789012:{name}"
CONFIGURATION: Any = {
    "TopicConfigurations": [
        {"Id": "told", "TopicArn": ARN.format(service="sns", name="topic"), "Events": ["s3:ObjectRemoved:*"]}
    ],
    "QueueConfigurations": [
        {
            "Id": "thumbnails",
            "QueueArn": ARN.format(service="sqs", name="queue"),
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {
                "Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]}
            },
        }
    ],
    "LambdaFunctionConfigurations": [
        {
            "Id": "index",
            "LambdaFunctionArn": ARN.format(service="lambda", name="function:index"),
            "Events": ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"],
        }
    ],
}


def test_notifications_are_told_as_they_were_put_and_eventbridge_among_them(gap_aws: Any) -> None:
    gap_aws.s3.create_bucket(Bucket="source")
    gap_aws.make_queue()
    put = CONFIGURATION | {"EventBridgeConfiguration": {}}
    gap_aws.s3.put_bucket_notification_configuration(Bucket="source", NotificationConfiguration=put)

    told = gap_aws.s3.get_bucket_notification_configuration(Bucket="source")

    rules = told["QueueConfigurations"][0]["Filter"]["Key"]["FilterRules"]
    assert rules == [{"Name": "Prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".jpg"}]
    for rule in rules:
        rule["Name"] = rule["Name"].lower()
    told.pop("ResponseMetadata")
    assert told == put


def test_a_bucket_without_notifications_tells_none(aws: Any) -> None:
    aws.s3.create_bucket(Bucket="source")
    told = aws.s3.get_bucket_notification_configuration(Bucket="source")
    assert told.keys() == {"ResponseMetadata"}
