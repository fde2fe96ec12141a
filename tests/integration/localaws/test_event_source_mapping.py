"""Queues are pumped as the event source mapping says, and Lambda's rules for failures hold."""

import time
from pathlib import Path
from typing import Any

import pytest

from localaws.embedded import NotQuietError
from tests.eventually import eventually
from tests.visibility import let_them_pass_everywhere

RECORD = """
    import json
    def handler(event, context):
        print("SEEN " + json.dumps(event["Records"]))
        failed = [r["messageId"] for r in event["Records"] if r["body"].startswith("bad")]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
"""


def answering(answer: str) -> str:
    return f"""
    import json
    def handler(event, context):
        print("SEEN " + json.dumps(event["Records"]))
        return {answer}
    """


def test_a_function_gets_the_event_that_lambda_would_send(deploy_small: Any) -> None:
    small = deploy_small(RECORD)
    attributes = {
        "Reason": {"DataType": "String", "StringValue": "ü"},
        "Blob": {"DataType": "Binary", "BinaryValue": b"\x00"},
    }
    sqs = small.aws.client("sqs")
    sent = sqs.send_message(QueueUrl=small.queue_url, MessageBody="body ü", MessageAttributes=attributes)
    small.aws.wait_until_quiet()
    [[record]] = small.seen()
    assert record["messageId"] == sent["MessageId"]
    assert record["body"] == "body ü"
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert record["receiptHandle"]
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"].startswith("arn:aws:sqs:us-east-1:123456789012:small-Queue-")
    assert record["awsRegion"] == "us-east-1"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= record["attributes"].keys()
    assert record["messageAttributes"]["Reason"]["stringValue"] == "ü"
    assert record["messageAttributes"]["Reason"]["dataType"] == "String"
    assert record["messageAttributes"]["Blob"]["binaryValue"] == "AA=="


def test_only_what_failed_comes_again_and_ends_in_the_dead_letter_queue(deploy_small: Any) -> None:
    small = deploy_small(RECORD, mapping={"BatchSize": 10})
    small.function.pause()
    small.send("good", "bad", "fine")
    small.function.resume()
    with pytest.raises(NotQuietError, match="1 in flight"):
        small.aws.wait_until_quiet(2)
    let_them_pass_everywhere(small.aws)
    with pytest.raises(NotQuietError, match="1 in flight"):
        small.aws.wait_until_quiet(2)
    let_them_pass_everywhere(small.aws)
    small.aws.wait_until_quiet()
    assert small.waiting(small.dlq_url) == 1
    deliveries = [[record["body"] for record in records] for records in small.seen()]
    assert deliveries == [["good", "bad", "fine"], ["bad"]]
    assert small.seen()[1][0]["attributes"]["ApproximateReceiveCount"] == "2"


@pytest.mark.parametrize("answer", ["{'batchItemFailures': [{'itemIdentifier': 'unknown'}]}", "1 / 0"])
def test_a_wrong_answer_or_an_error_leaves_the_whole_batch_in_the_queue(deploy_small: Any, answer: str) -> None:
    small = deploy_small(answering(answer))
    small.function.pause()
    small.send("one", "two")
    small.function.resume()
    eventually(small.seen)
    with pytest.raises(NotQuietError, match="2 in flight"):
        small.aws.wait_until_quiet(0.5)
    assert len(small.seen()) == 1


def test_without_reported_failures_any_answer_means_done(deploy_small: Any) -> None:
    handler = answering("{'batchItemFailures': [{'itemIdentifier': 'unknown'}]}")
    small = deploy_small(handler, mapping={"FunctionResponseTypes": []})
    small.send("one")
    small.aws.wait_until_quiet()
    assert small.in_flight() == 0


def test_batches_are_no_larger_than_the_mapping_says(deploy_small: Any) -> None:
    small = deploy_small(RECORD, mapping={"BatchSize": 3})
    small.function.pause()
    small.send(*"abcdefg")
    small.function.resume()
    small.aws.wait_until_quiet()
    assert sorted(len(records) for records in small.seen()) == [1, 3, 3]


def test_a_batching_window_gathers_more_than_one_receive_gives(deploy_small: Any) -> None:
    small = deploy_small(RECORD, mapping={"BatchSize": 25, "MaximumBatchingWindowInSeconds": 1})
    small.function.pause()
    small.send(*map(str, range(25)))
    small.function.resume()
    small.aws.wait_until_quiet()
    assert [len(records) for records in small.seen()] == [25]


def test_a_disabled_mapping_leaves_messages_where_they_are(deploy_small: Any) -> None:
    small = deploy_small(RECORD, mapping={"Enabled": False})
    small.send("one")
    with pytest.raises(NotQuietError, match=r"queue small-Queue-\w+: 1 waiting, 0 in flight, 0 delayed"):
        small.aws.wait_until_quiet(0.5)
    assert small.seen() == []


def test_a_mapping_is_told_disabled_and_enabled_through_the_api(deploy_small: Any) -> None:
    small = deploy_small(RECORD, mapping={"BatchSize": 7})
    lambda_ = small.aws.client("lambda")
    [told] = lambda_.list_event_source_mappings(FunctionName="small")["EventSourceMappings"]
    assert (told["State"], told["BatchSize"]) == ("Enabled", 7)
    assert told["FunctionArn"].endswith(":function:small")

    lambda_.update_event_source_mapping(UUID=told["UUID"], Enabled=False)
    small.send("one")
    with pytest.raises(NotQuietError, match="1 waiting, 0 in flight"):
        small.aws.wait_until_quiet(0.3)
    assert lambda_.get_event_source_mapping(UUID=told["UUID"])["State"] == "Disabled"

    lambda_.update_event_source_mapping(UUID=told["UUID"], Enabled=True)
    small.aws.wait_until_quiet()
    assert [[record["body"] for record in records] for records in small.seen()] == [["one"]]


def test_a_mapping_that_is_disabled_ends_its_batch_first(deploy_small: Any, tmp_path: Path) -> None:
    small = deploy_small(
        """
        import json, pathlib, time
        def handler(event, context):
            here = pathlib.Path(event["Records"][0]["body"])
            (here / "begun").touch()
            while not (here / "end").exists():
                time.sleep(0.01)
            print("SEEN " + json.dumps("ended"))
        """
    )
    lambda_ = small.aws.client("lambda")
    [told] = lambda_.list_event_source_mappings()["EventSourceMappings"]
    small.send(str(tmp_path))
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    assert lambda_.update_event_source_mapping(UUID=told["UUID"], Enabled=False)["State"] == "Disabling"
    (tmp_path / "end").touch()
    small.aws.wait_until_quiet()
    assert small.seen() == ["ended"]
    assert lambda_.get_event_source_mapping(UUID=told["UUID"])["State"] == "Disabled"


def test_a_deleted_mapping_is_gone_with_lambdas_own_answer(deploy_small: Any) -> None:
    small = deploy_small(RECORD)
    lambda_ = small.aws.client("lambda")
    [told] = lambda_.list_event_source_mappings(FunctionName="small")["EventSourceMappings"]
    lambda_.delete_event_source_mapping(UUID=told["UUID"])
    assert lambda_.list_event_source_mappings()["EventSourceMappings"] == []
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.get_event_source_mapping(UUID=told["UUID"])


def test_two_batches_are_worked_on_in_two_processes_at_once(deploy_small: Any, tmp_path: Path) -> None:
    small = deploy_small(
        """
        import json, os, pathlib, time
        def handler(event, context):
            here = pathlib.Path(event["Records"][0]["body"])
            (here / str(os.getpid())).touch()
            give_up_at = time.monotonic() + 15
            while len(list(here.iterdir())) < 2 and time.monotonic() < give_up_at:
                time.sleep(0.01)
            print("SEEN " + json.dumps(len(list(here.iterdir()))))
        """,
        mapping={"BatchSize": 1},
    )
    meeting_place = tmp_path / "meeting"
    meeting_place.mkdir()
    small.send(str(meeting_place), str(meeting_place))
    small.aws.wait_until_quiet()
    assert small.seen() == [2, 2]
