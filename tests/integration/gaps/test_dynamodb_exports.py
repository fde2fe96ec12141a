"""DynamoDB's exports on the emulated AWS: named as DynamoDB names them, and where their names say."""

import gzip
import json
import re
import time
from typing import Any

import pytest


@pytest.fixture(params=["audit/2026", ""])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_an_export_puts_every_item_where_its_arn_and_prefix_say(gap_aws: Any, prefix: str) -> None:
    dynamodb = gap_aws.dynamodb
    gap_aws.s3.create_bucket(Bucket="exports")
    dynamodb.create_table(
        TableName="audit",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "LogID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LogID", "KeyType": "HASH"}],
    )
    dynamodb.update_continuous_backups(
        TableName="audit", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    items = [{"LogID": {"S": f"id-{number}"}, "Size": {"N": str(number)}} for number in range(3)]
    for item in items:
        dynamodb.put_item(TableName="audit", Item=item)
    table_arn = dynamodb.describe_table(TableName="audit")["Table"]["TableArn"]

    where = {"S3Prefix": prefix} if prefix else {}
    arn = dynamodb.export_table_to_point_in_time(
        TableArn=table_arn, S3Bucket="exports", ExportFormat="DYNAMODB_JSON", **where
    )["ExportDescription"]["ExportArn"]

    while (state := dynamodb.describe_export(ExportArn=arn)["ExportDescription"])["ExportStatus"] == "IN_PROGRESS":
        time.sleep(0.05)
    assert (state["ExportStatus"], state["ItemCount"]) == ("COMPLETED", 3)
    assert re.fullmatch(rf"{table_arn}/export/[0-9]{{14}}-[0-9a-f]{{8}}", arn)
    folder = "/".join(filter(None, (prefix, "AWSDynamoDB", arn.rpartition("/")[2], "data")))
    [file] = gap_aws.s3.list_objects_v2(Bucket="exports", Prefix=f"{folder}/")["Contents"]
    assert file["Key"].endswith(".json.gz")
    lines = gzip.decompress(gap_aws.s3.get_object(Bucket="exports", Key=file["Key"])["Body"].read()).splitlines()
    assert sorted((json.loads(line)["Item"] for line in lines), key=str) == items
