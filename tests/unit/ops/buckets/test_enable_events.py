"""`copytrail enable-events` adds EventBridge to a bucket's notifications, and touches nothing else there."""

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.buckets import change
from ops.buckets.commands import enable_events
from shared.errors import CopytrailError
from shared.operations import OperationKind, Stage
from shared.routes import Route
from tests.fakes.bucket_configurations import OWNER, BucketStack, FakeS3

THEIRS: dict[str, Any] = {
    "TopicConfigurations": [{"Id": "told", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Events": ["s3:ObjectRemoved:*"]}],
    "QueueConfigurations": [
        {
            "Id": "thumbnails",
            "QueueArn": "arn:aws:sqs:eu-west-1:1:q",
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {
                "Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]}
            },
        }
    ],
    "LambdaFunctionConfigurations": [
        {
            "Id": "index",
            "LambdaFunctionArn": "arn:aws:lambda:eu-west-1:1:function:f",
            "Events": ["s3:ObjectCreated:Put"],
        }
    ],
}
ON: dict[str, Any] = {"EventBridgeConfiguration": {}}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change, "_BETWEEN_READS_S", 0.0)


def a_stack(**of_s3: Any) -> BucketStack:
    return BucketStack(FakeS3(notifications=copy.deepcopy(THEIRS), **of_s3))


def test_everything_else_is_sent_back_with_its_ids_and_filters() -> None:
    stack = a_stack()

    ended = stack.run(enable_events, "source", "--yes")

    assert ended.exit_code == 0
    assert stack.s3.notifications == THEIRS | ON
    [put] = stack.s3.puts
    assert put["SkipDestinationValidation"] is True
    assert (put["Bucket"], put["ExpectedBucketOwner"]) == ("uploads", OWNER)
    assert {asked["ExpectedBucketOwner"] for asked in stack.s3.reads} == {OWNER}


def test_the_change_is_shown_and_nothing_but_it() -> None:
    ended = a_stack().run(enable_events, "source", "--yes")
    marked = [line for line in ended.stderr.splitlines() if line.startswith(("+", "-"))]
    assert [line for line in marked if "EventBridgeConfiguration" in line] == ['+  "EventBridgeConfiguration": {}']
    # The comma that now stands before it.
    assert [line.strip("+-, ") for line in marked if "EventBridge" not in line] == ["]", "]"]
    assert "`copytrail backfill --bucket source` copies what was there before" in ended.stderr


def test_it_is_on_record_with_who_did_it() -> None:
    stack = a_stack()
    stack.run(enable_events, "uploads", "--yes")
    began, done = stack.bus.details
    assert (began["kind"], began["subject"], began["stage"]) == (
        OperationKind.ENABLE_EVENTS,
        "s3://uploads",
        Stage.STARTED,
    )
    assert (done["stage"], done["counts"], done["performedBy"]) == (Stage.COMPLETED, {"changed": 1}, stack.caller_arn)


def test_a_bucket_that_sends_its_events_is_left_alone_and_nothing_is_on_record() -> None:
    stack = BucketStack(FakeS3(notifications=THEIRS | ON))
    ended = stack.run(enable_events, "source")
    assert (ended.exit_code, stack.s3.puts, stack.bus.details) == (0, [], [])
    assert "there is nothing to do" in ended.stderr


def test_of_a_bucket_of_the_stack_it_is_said_that_the_stack_does_it() -> None:
    stack = BucketStack(FakeS3(notifications=dict(ON)), existing_buckets={})
    ended = stack.run(enable_events, "source")
    assert (ended.exit_code, stack.s3.puts) == (0, [])
    assert "the stack turned it on; there is nothing to do" in ended.stderr


def test_a_bucket_of_the_stack_whose_events_somebody_turned_off_is_mended() -> None:
    stack = BucketStack(FakeS3(), existing_buckets={})
    ended = stack.run(enable_events, "source", "--yes")
    assert (ended.exit_code, stack.s3.notifications) == (0, ON)
    assert "somebody has turned it off since" in ended.stderr
    assert "ExpectedBucketOwner" not in stack.s3.puts[0]


def test_nobody_to_ask_leaves_everything_as_it_is() -> None:
    stack = a_stack()
    ended = stack.run(enable_events, "source")
    assert (ended.exit_code, stack.s3.puts, stack.bus.details) == (2, [], [])
    assert "there is nobody to ask: add --yes" in ended.stderr


def test_what_somebody_changed_while_the_question_was_open_is_not_overwritten() -> None:
    newer = {"QueueConfigurations": [*THEIRS["QueueConfigurations"], {"Id": "new"}]}

    def meanwhile(s3: FakeS3) -> None:
        s3.notifications |= newer

    stack = a_stack(between=meanwhile)
    ended = stack.run(enable_events, "source", "--yes")

    assert (ended.exit_code, stack.s3.puts) == (1, [])
    assert stack.s3.notifications == THEIRS | newer
    assert "somebody changed the notification configuration of s3://uploads meanwhile" in ended.stderr
    assert [told["stage"] for told in stack.bus.details] == [Stage.STARTED, Stage.FAILED]


def test_a_change_that_s3_tells_late_is_waited_for() -> None:
    stack = a_stack(late=3)
    ended = stack.run(enable_events, "source", "--yes")
    assert (ended.exit_code, len(stack.s3.puts)) == (0, 1)


def test_a_change_that_s3_never_tells_is_no_success() -> None:
    stack = a_stack(late=100)
    ended = stack.run(enable_events, "source", "--yes")
    assert (ended.exit_code, stack.bus.details[-1]["stage"]) == (1, Stage.FAILED)
    assert "tells another" in ended.stderr


def test_a_bucket_of_another_region_is_refused_as_its_events_go_elsewhere() -> None:
    stack = a_stack(region="us-west-2")
    ended = stack.run(enable_events, "source", "--yes")
    assert (ended.exit_code, stack.s3.puts) == (2, [])
    assert "deploy copytrail in us-west-2" in ended.stderr


@pytest.mark.parametrize(
    ("bucket", "says"), [("destination", "no route begins at 'destination' (copies)"), ("nowhere", "has no bucket")]
)
def test_a_bucket_whose_events_nobody_waits_for_is_refused(bucket: str, says: str) -> None:
    ended = a_stack().run(enable_events, bucket, "--yes")
    assert ended.exit_code == 2
    assert says in ended.stderr


def test_a_refusal_names_the_action_that_is_missing() -> None:
    class Refusing(FakeS3):
        def get_bucket_notification_configuration(self, **_: Any) -> dict[str, Any]:
            raise ClientError(
                {"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetBucketNotificationConfiguration"
            )

    with pytest.raises(CopytrailError, match="s3:GetBucketNotification on s3://uploads: no"):
        BucketStack(Refusing()).run(enable_events, "source", "--yes")


def test_routes_from_other_buckets_do_not_count() -> None:
    stack = BucketStack(routes=(Route(source_bucket="copies", destination_bucket="uploads"),))
    assert stack.run(enable_events, "source").exit_code == 2
