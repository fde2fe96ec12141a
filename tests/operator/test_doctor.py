"""`copytrail doctor` beside the deployed system: one thing is broken at a time, and it says which, and what to type."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner
from moto.awslambda.utils import get_backend
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from localaws.embedded import ACCOUNT_ID, REGION
from localaws.gaps.event_source_mappings import _Configuration
from ops.doctor.commands import doctor
from ops.stack import Stack
from ops.status.commands import status
from tests.interception import InterceptedRequest, Reply, aws_json_error, intercept, s3_error
from tests.operator.conftest import Desk

DAY_S = 86_400
# The second route takes more to be fine: versions, and a canary that fits its filters.
CONTEXT = {
    "buckets": {
        "source": {},
        "destination": {},
        "journal": {"name": "journal-of-all", "versioned": True},
        "archive": {"name": "archive-of-all", "versioned": True},
    },
    "routes": [
        {
            "from": "source",
            "to": "destination",
            "prefixes": ["in/"],
            "suffixes": [".csv"],
            "minSize": 100,
            "maxSize": 999,
        },
        {"from": "journal", "to": "archive", "versions": "every"},
    ],
}


class Bedside(NamedTuple):
    """The system, and what examines it: in this process, which is quick."""

    desk: Desk
    stack: Stack

    def ask(self, command: click.Command, *options: str) -> tuple[int, str]:
        ended = CliRunner().invoke(command, options, obj=self.stack)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.output
        return ended.exit_code, ended.output

    def wrong(self) -> list[Any]:
        """What is not fine."""
        exit_code, shown = self.ask(doctor, "--json")
        found = [json.loads(line) for line in shown.splitlines()]
        wrong = [each for each in found if each["State"] != "Fine"]
        assert exit_code == (1 if wrong else 0)
        return wrong

    def rule(self, about: str, bus: str = "default") -> str:
        rules = self.desk.aws.client("events").list_rules(EventBusName=bus)["Rules"]
        return next(str(rule["Name"]) for rule in rules if about in rule["Description"])


@pytest.fixture(scope="module")
def bedside(deployed: Desk) -> Iterator[Bedside]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployed.aws.environment.items():
            patch.setenv(name, value)
        yield Bedside(deployed, Stack(deployed.aws.stack_name or ""))


class Break(NamedTuple):
    """Something is broken, and mended again; what doctor says, in parts."""

    do: Callable[[Bedside], object]
    undo: Callable[[Bedside], object]
    subject: str
    message: str
    command: str


def notify(bed: Bedside, configuration: Any) -> None:
    bed.desk.s3.put_bucket_notification_configuration(Bucket=bed.desk.source, NotificationConfiguration=configuration)


def queue_arn(bed: Bedside, output: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{bed.desk.outputs[output].rpartition('/')[2]}"


def put_target(bed: Bedside, **more: Any) -> None:
    target = {"Id": "Queue", "Arn": queue_arn(bed, "CopyQueueUrl"), **more}
    bed.desk.aws.client("events").put_targets(Rule=bed.rule("source to destination"), Targets=[target])


def put_whole_target(bed: Bedside) -> None:
    put_target(bed, DeadLetterConfig={"Arn": queue_arn(bed, "CopyDlqUrl")})


def put_pattern(bed: Bedside, change: Callable[[Any], Any]) -> None:
    client = bed.desk.aws.client("events")
    name = bed.rule("source to destination")
    found = client.describe_rule(Name=name)
    pattern = json.dumps(change(json.loads(found["EventPattern"])))
    client.put_rule(Name=name, EventPattern=pattern, Description=found["Description"])


def attributes(bed: Bedside, output: str) -> Any:
    """The attributes of a queue as moto keeps them."""
    return sqs_backends[ACCOUNT_ID][REGION].queues[bed.desk.outputs[output].rpartition("/")[2]]


def without_policy(output: str) -> tuple[Callable[[Bedside], None], Callable[[Bedside], None]]:
    policies: list[Any] = []

    def take(bed: Bedside) -> None:
        policies.append(attributes(bed, output).policy)
        attributes(bed, output).policy = None

    def put(bed: Bedside) -> None:
        attributes(bed, output).policy = policies.pop()

    return take, put


def enable_mapping(output: str, *, enabled: bool) -> Callable[[Bedside], object]:
    return lambda bed: bed.desk.aws.client("lambda").update_event_source_mapping(
        UUID=bed.desk.outputs[output], Enabled=enabled
    )


def mapping_that(found: dict[str, Any]) -> tuple[Callable[[Bedside], None], Callable[[Bedside], None]]:
    """The copier's mapping is told of otherwise: there is no such mapping on the embedded AWS."""
    patched: list[Any] = []

    def take(bed: Bedside) -> None:
        original = _Configuration.get_configuration

        def told(mapping: Any) -> dict[str, Any]:
            told = original(mapping)
            return told | found if told["UUID"] == bed.desk.outputs["CopierMappingId"] else told

        patch = pytest.MonkeyPatch()
        patch.setattr(_Configuration, "get_configuration", told)
        patched.append(patch)

    return take, lambda _: patched.pop().undo()


def queue_key(key: str | None) -> Callable[[Bedside], None]:
    def put(bed: Bedside) -> None:
        attributes(bed, "CopyQueueUrl").kms_master_key_id = key

    return put


def function_state(state: str) -> Callable[[Bedside], None]:
    def put(bed: Bedside) -> None:
        get_backend(ACCOUNT_ID, REGION).get_function(bed.desk.outputs["CopierFunctionName"]).state = state

    return put


def index_status(status: str) -> Callable[[Bedside], None]:
    def put(bed: Bedside) -> None:
        table = dynamodb_backends[ACCOUNT_ID][REGION].tables[bed.desk.outputs["AuditTableName"]]
        next(index for index in table.global_indexes if index.name == "ByDay").status = status

    return put


def version(status: Any) -> Callable[[Bedside], object]:
    return lambda bed: bed.desk.s3.put_bucket_versioning(
        Bucket="archive-of-all", VersioningConfiguration={"Status": status}
    )


TAKE_POLICY, PUT_POLICY = without_policy("CopyQueueUrl")
TAKE_DLQ_POLICY, PUT_DLQ_POLICY = without_policy("AuditDlqUrl")
REDEPLOY = "make deploy ARGS='--revert-drift copytrail'"
BREAKS = {
    "notifications off": Break(
        lambda bed: notify(bed, {}),
        lambda bed: notify(bed, {"EventBridgeConfiguration": {}}),
        "notifications of bucket",
        "EventBridge is off",
        "copytrail enable-events devops-public-5607",
    ),
    "a rule disabled": Break(
        lambda bed: bed.desk.aws.client("events").disable_rule(Name=bed.rule("source to destination")),
        lambda bed: bed.desk.aws.client("events").enable_rule(Name=bed.rule("source to destination")),
        "uploads on the route source to destination",
        "disabled",
        "aws events enable-rule --name copytrail-",
    ),
    "targets removed": Break(
        lambda bed: bed.desk.aws.client("events").remove_targets(Rule=bed.rule("source to destination"), Ids=["Queue"]),
        put_whole_target,
        "uploads on the route source to destination",
        "copy queue is not among its targets",
        "aws events put-targets --rule copytrail-",
    ),
    "a target without a dead-letter queue": Break(
        put_target,
        put_whole_target,
        "uploads on the route source to destination",
        "is lost",
        "aws events put-targets --rule copytrail-",
    ),
    "a target that gets another text": Break(
        lambda bed: put_target(bed, InputPath="$.detail"),
        put_whole_target,
        "uploads on the route source to destination",
        "another text than the event",
        "aws events put-targets --rule copytrail-",
    ),
    "another pattern": Break(
        lambda bed: put_pattern(bed, lambda pattern: {**pattern, "account": ["210987654321"]}),
        lambda bed: put_pattern(bed, lambda pattern: {k: v for k, v in pattern.items() if k != "account"}),
        "uploads on the route source to destination",
        "its pattern is not the one that was deployed",
        REDEPLOY,
    ),
    "no policy of the queue": Break(TAKE_POLICY, PUT_POLICY, "copy queue", "events go to the copy DLQ", REDEPLOY),
    "no policy of a DLQ": Break(TAKE_DLQ_POLICY, PUT_DLQ_POLICY, "audit DLQ", "refuses as well is lost", REDEPLOY),
    "a mapping disabled": Break(
        enable_mapping("CopierMappingId", enabled=False),
        enable_mapping("CopierMappingId", enabled=True),
        "event source mapping",
        "nobody takes messages from the copy queue",
        "aws lambda update-event-source-mapping --uuid",
    ),
    "the auditor's mapping disabled": Break(
        enable_mapping("AuditorMappingId", enabled=False),
        enable_mapping("AuditorMappingId", enabled=True),
        "event source mapping",
        "nobody takes messages from the audit queue",
        "aws lambda update-event-source-mapping --uuid",
    ),
    "a mapping that hears of no failures": Break(
        *mapping_that({"FunctionResponseTypes": []}),
        "event source mapping",
        "which messages of a batch failed: they are deleted",
        "aws lambda update-event-source-mapping --uuid",
    ),
    "a mapping with filters": Break(
        *mapping_that({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}),
        "event source mapping",
        "messages that they leave out are deleted",
        "aws lambda update-event-source-mapping --uuid",
    ),
    "a mapping that sends to another function": Break(
        *mapping_that({"FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:another"}),
        "event source mapping",
        "it sends to arn:aws:lambda:us-east-1:123456789012:function:another, and not to ",
        "aws lambda update-event-source-mapping --uuid",
    ),
    "a queue with a key of AWS's own": Break(
        queue_key("alias/aws/sqs"),
        queue_key(None),
        "copy queue",
        "EventBridge may not be able to send to it",
        REDEPLOY,
    ),
    "a function throttled": Break(
        lambda bed: bed.desk.aws.client("lambda").put_function_concurrency(
            FunctionName=bed.desk.outputs["CopierFunctionName"], ReservedConcurrentExecutions=0
        ),
        lambda bed: bed.desk.aws.client("lambda").delete_function_concurrency(
            FunctionName=bed.desk.outputs["CopierFunctionName"]
        ),
        "function ",
        "its reserved concurrency is 0",
        "aws lambda delete-function-concurrency --function-name",
    ),
    "a function failed": Break(
        function_state("Failed"), function_state("Active"), "function ", "it cannot run", REDEPLOY
    ),
    "an index being built": Break(
        index_status("CREATING"), index_status("ACTIVE"), "audit table", "ByDay is CREATING", "aws dynamodb"
    ),
    "versions suspended": Break(
        version("Suspended"),
        version("Enabled"),
        "versions of bucket archive-of-all",
        "every version is copied on its route",
        "aws s3api put-bucket-versioning --bucket archive-of-all",
    ),
}


def test_a_deployed_stack_is_fine(bedside: Bedside) -> None:
    exit_code, shown = bedside.ask(doctor, "--all")
    assert exit_code == 0, shown
    *checks, counts = shown.splitlines()
    assert counts == f"{len(checks)} fine"
    assert all(line.startswith("Fine ") for line in checks)
    assert bedside.ask(doctor) == (0, f"{counts}\n")


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_what_is_broken_is_one_line_with_what_to_type_and_is_never_healthy(bedside: Bedside, broken: Break) -> None:
    broken.do(bedside)
    try:
        [found] = bedside.wrong()
        exit_code, told = bedside.ask(status)
    finally:
        broken.undo(bedside)
    assert found["State"] == "Wrong"
    assert broken.subject in found["Subject"]
    assert broken.message in found["Message"]
    assert found["Command"].startswith(broken.command)
    assert exit_code == 1
    assert told.splitlines()[-1] == (
        f"Not healthy: {found['Subject']}: {found['Message']}: `copytrail doctor` says what to type"
    )
    assert bedside.wrong() == []


def test_a_mapping_that_was_deleted_and_a_rule_are_missed(bedside: Bedside) -> None:
    gone = aws_json_error("ResourceNotFoundException", "gone", 404)

    def answer(request: InterceptedRequest) -> Reply | None:
        return gone if request.operation in {"GetEventSourceMapping", "DescribeRule", "DescribeEventBus"} else None

    with intercept(bedside.desk.aws, answer):
        wrong = bedside.wrong()
    assert all("it is not there" in each["Message"] and each["Command"] == REDEPLOY for each in wrong)
    # The bus, four rules, two mappings.
    assert len(wrong) == 7


def test_destinations_that_are_gone_are_missed(bedside: Bedside) -> None:
    gone = s3_error("NoSuchBucket", "gone", 404)
    with intercept(bedside.desk.aws, lambda request: gone if request.operation == "GetBucketVersioning" else None):
        wrong = bedside.wrong()
        assert bedside.ask(status)[0] == 1
    assert {each["Subject"]: each["Message"] for each in wrong} == {
        f"destination bucket {bedside.desk.destination}": "the bucket is not there",
        "versions of bucket journal-of-all": "the bucket is not there",
        "versions of bucket archive-of-all": "the bucket is not there",
    }


def test_commands_work_on_the_stack_that_was_named(bedside: Bedside) -> None:
    notify(bedside, {})
    try:
        named = Stack(bedside.stack.name, region=REGION)
        ended = CliRunner().invoke(doctor, obj=named)
    finally:
        notify(bedside, {"EventBridgeConfiguration": {}})
    assert f"`copytrail --region {REGION} enable-events {bedside.desk.source}`" in ended.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--route", "1"), "--route and --timeout belong to --canary"),
        (("--timeout", "1m"), "--route and --timeout belong to --canary"),
        (("--canary", "--all"), "--all is of the checks"),
    ],
)
def test_options_that_would_change_nothing_are_refused(bedside: Bedside, options: tuple[str, ...], told: str) -> None:
    exit_code, shown = bedside.ask(doctor, *options)
    assert exit_code == 2
    assert told in shown


def test_a_canary_that_nobody_follows_to_its_end_is_told_to_stay(bedside: Bedside) -> None:
    def answer(request: InterceptedRequest) -> Reply | None:
        return aws_json_error("AccessDeniedException", "no", 403) if request.operation == "Query" else None

    with intercept(bedside.desk.aws, answer):
        ended = CliRunner().invoke(doctor, ("--canary", "--route", "1"), obj=bedside.stack)
    assert ended.exit_code == 1
    assert f"s3://{bedside.desk.source}/in/copytrail-canary/" in ended.stderr
    assert ended.stderr.rstrip().endswith(" stays: nobody follows it any more")
    desk = bedside.desk
    desk.wait_until_quiet()
    for bucket in (desk.source, desk.destination):
        for left in desk.s3.list_objects_v2(Bucket=bucket)["Contents"]:
            desk.s3.delete_object(Bucket=bucket, Key=left["Key"])


def test_what_may_not_be_seen_is_told_and_not_taken_for_fine(bedside: Bedside) -> None:
    denied = aws_json_error("AccessDeniedException", "no", 403)

    def answer(request: InterceptedRequest) -> Reply | None:
        return denied if request.service == "lambda" else None

    with intercept(bedside.desk.aws, answer):
        exit_code, shown = bedside.ask(doctor)
        status_code, told = bedside.ask(status, "--json")
    *lines, counts = shown.splitlines()
    assert exit_code == 1
    assert all(line.startswith("Unknown ") and ": could not look: AccessDenied" in line for line in lines)
    assert (len(lines), counts.endswith(", 4 could not be made")) == (4, True)
    assert (status_code, json.loads(told)["Health"]) == (1, "Unclear")


def test_letters_and_messages_that_are_about_to_expire_are_told(bedside: Bedside) -> None:
    desk = bedside.desk
    url = desk.outputs["CopyDlqUrl"]
    desk.copier.pause()
    try:
        desk.send("waits")
        # There is no other way to age one.
        attributes(bedside, "CopyQueueUrl")._messages[0].sent_timestamp -= 3 * DAY_S * 1000  # noqa: SLF001
        desk.send("nonsense", queue="CopyDlqUrl")
        desk.sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": str(3 * DAY_S)})
        backlog, letters = bedside.wrong()
    finally:
        desk.sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": str(14 * DAY_S)})
        desk.take_all("CopyQueueUrl")
        desk.letters("CopyDlqUrl")
        desk.copier.resume()
    assert backlog["Subject"] == "oldest message of the copy queue"
    assert backlog["Message"] == "it is 3 d old, and deleted unseen in 24 h"
    assert "MessageRetentionPeriod=1209600" in backlog["Command"]
    assert letters["Message"] == "1 letter expires within 4 days, the first in 3 d"
    assert letters["Command"] == "copytrail dlq export copy-letters.jsonl"


@pytest.mark.parametrize("option", [("--route", "1"), ("--timeout", "2m")])
def test_options_of_a_canary_are_refused_without_one(bedside: Bedside, option: tuple[str, str]) -> None:
    exit_code, told = bedside.ask(doctor, *option)
    assert (exit_code, told) == (2, "Error: --route and --timeout belong to --canary: add it, or leave them out\n")


def test_a_canary_is_followed_on_each_route_and_only_its_record_stays(bedside: Bedside) -> None:
    desk = bedside.desk
    ended = desk.run("doctor", "--canary", "--json")
    assert ended.returncode == 0, ended.stderr
    steps = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(step["Route"], step["Step"]) for step in steps] == [
        (route, step) for route in (1, 2) for step in ("Uploaded", "Copied", "Recorded")
    ]
    uploaded = steps[0]["Message"].removeprefix(f"s3://{desk.source}/")
    assert uploaded.startswith("in/copytrail-canary/")
    [record] = desk.records(uploaded)
    assert (record.outcome, record.size, steps[2]["Message"]) == ("Copied", 100, f"LogID {record.log_id}")
    desk.wait_until_quiet()
    for bucket in (desk.source, desk.destination):
        assert "Contents" not in desk.s3.list_objects_v2(Bucket=bucket)
    assert "what stays: the record" in ended.stderr
    assert "a version and a delete marker of s3://journal-of-all/copytrail-canary/" in ended.stderr


@pytest.mark.parametrize(
    ("stop", "start", "told"),
    [
        (
            lambda bed: bed.desk.copier.pause(),
            lambda bed: bed.desk.copier.resume(),
            "was not copied within 1.0 s; messages wait in the copy queue: `copytrail doctor`, and `aws logs tail ",
        ),
        (
            lambda bed: bed.desk.auditor.pause(),
            lambda bed: bed.desk.auditor.resume(),
            "was not recorded within 5.0 s; messages wait in the audit queue: `copytrail doctor`, and `aws logs tail ",
        ),
        (
            BREAKS["a rule disabled"].do,
            BREAKS["a rule disabled"].undo,
            "was not copied within 1.0 s; no event of it came to the copy queue, which is empty: `copytrail doctor`",
        ),
    ],
    ids=["copier", "auditor", "rule"],
)
def test_a_canary_that_gets_stuck_says_where_and_stays(
    bedside: Bedside, monkeypatch: pytest.MonkeyPatch, stop: Any, start: Any, told: str
) -> None:
    stop(bedside)
    monkeypatch.setattr("ops.doctor.canary._POLL_EVERY_S", 0.1)
    timeout = "5s" if "5.0 s" in told else "1s"
    try:
        exit_code, shown = bedside.ask(doctor, "--canary", "--route", "1", "--timeout", timeout)
    finally:
        start(bedside)
    assert exit_code == 1
    assert told in shown
    assert shown.splitlines()[-1].endswith("stays, to be looked at")
    bedside.desk.wait_until_quiet()
    for each in bedside.desk.s3.list_objects_v2(Bucket=bedside.desk.source)["Contents"]:
        bedside.desk.s3.delete_object(Bucket=bedside.desk.source, Key=each["Key"])
