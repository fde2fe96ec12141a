"""What is in the way of a deployment is told in a line before anything is deployed; so is what may not be looked up."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra import preflight
from infra.preflight import Obstacle, obstacles
from infra.validation import read_settings

ACCOUNT = "123456789012"
REGION = "eu-west-1"
NAMED: Mapping[str, Any] = {
    "stackName": "ours",
    "buckets": {"source": {"name": "the-uploads"}, "destination": {"name": "the-copies"}},
    "copier": {"functionName": "the-copier", "roleName": "the-role"},
    "auditTable": {"name": "the-table"},
}


def refused(code: str, **headers: str) -> Callable[..., Any]:
    def refuse(**_: Any) -> Any:
        answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPHeaders": headers}}
        raise ClientError(answer, "Any")

    return refuse


def there(**answer: Any) -> Callable[..., Any]:
    return lambda **_: answer


# An account that the CDK is set up in, and nothing else is in.
EMPTY: Mapping[str, Callable[..., Any]] = {
    "get_caller_identity": there(Account=ACCOUNT),
    "get_parameter": there(),
    "describe_stacks": refused("ValidationError"),
    "list_stack_resources": refused("ValidationError"),
    "get_function": refused("ResourceNotFoundException"),
    "get_role": refused("NoSuchEntity"),
    "describe_table": refused("ResourceNotFoundException"),
    "describe_event_bus": refused("ResourceNotFoundException"),
    "head_bucket": refused("404"),
}


class FakeSession:
    """An account, by what each call answers."""

    def __init__(self, region: str | None = REGION, credentials: object = True, **answers: Callable[..., Any]) -> None:
        self.region_name = region
        self._credentials = credentials
        self._answers = {**EMPTY, **answers}
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def get_credentials(self) -> object:
        return self._credentials

    def client(self, _service: str) -> Any:
        return self

    def get_paginator(self, operation: str) -> Any:
        session = self

        class Pages:
            def paginate(self, **asked: Any) -> Any:
                yield getattr(session, operation)(**asked)

        return Pages()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**asked: Any) -> Any:
            self.asked.append((operation, asked))
            return self._answers[operation](**asked)

        return call


def found(session: FakeSession, context: Mapping[str, Any] = NAMED, **more: bool) -> list[Obstacle]:
    return list(obstacles(read_settings(context), session, **more))  # type: ignore[arg-type]  # it stands for boto3's


def holding(*names: str) -> Callable[..., Any]:
    """The stack's resources."""
    summaries = [{"PhysicalResourceId": name, "ResourceStatus": "CREATE_COMPLETE"} for name in names]
    return there(StackResourceSummaries=summaries)


def test_nothing_is_in_the_way_of_a_first_deployment_to_an_empty_account() -> None:
    assert found(FakeSession()) == []


def test_each_name_that_is_taken_is_told_with_its_setting_and_what_to_do() -> None:
    session = FakeSession(
        get_function=there(), get_role=there(), describe_table=there(), describe_event_bus=there(), head_bucket=there()
    )
    told = [text for text, blocks in found(session) if blocks]
    assert [text.partition(" is there already")[0] for text in told] == [
        "the function the-copier (copytrail.copier.functionName)",
        "the role the-role (copytrail.copier.roleName)",
        "the table the-table (copytrail.auditTable.name)",
        "the event bus ours-transfers (copytrail.stackName)",
        "the bucket the-uploads (copytrail.buckets.source.name)",
        "the bucket the-copies (copytrail.buckets.destination.name)",
    ]
    assert "may be that of a stack elsewhere" in told[1]
    assert all("--import-existing-resources" in told[number] for number in (2, 4, 5))


def test_what_the_stack_holds_itself_is_no_obstacle() -> None:
    session = FakeSession(
        describe_stacks=there(Stacks=[{"StackStatus": "UPDATE_COMPLETE"}]),
        list_stack_resources=holding("the-copier", "the-role", "the-table", "ours-transfers", "the-uploads"),
        get_function=there(),
        get_role=there(),
        describe_table=there(),
        describe_event_bus=there(),
    )
    assert found(session) == []


@pytest.mark.parametrize("status", ["DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_what_was_deleted_from_the_stack_or_left_by_one_that_failed_is_not_its_own_any_more(status: str) -> None:
    gone = [{"PhysicalResourceId": "the-table", "ResourceStatus": status}]
    session = FakeSession(list_stack_resources=there(StackResourceSummaries=gone), describe_table=there())
    assert [text.partition(" (")[0] for text, _ in found(session)] == ["the table the-table"]


def test_a_deployment_that_takes_in_what_stayed_is_let_through_with_it() -> None:
    session = FakeSession(get_role=there(), describe_table=there(), head_bucket=there())
    assert [text.partition(" (")[0] for text, _ in found(session, imports=True)] == ["the role the-role"]


def test_a_bucket_of_somebody_else_is_told_so() -> None:
    session = FakeSession(head_bucket=refused("403", **{"x-amz-bucket-region": "us-east-1"}))
    told = found(session, imports=True)
    assert all(
        text.partition(": ")[0].endswith("belongs to another account, or you may not look at it") for text, _ in told
    )
    assert all(blocks for _, blocks in told)
    assert {asked["ExpectedBucketOwner"] for operation, asked in session.asked if operation == "head_bucket"} == {
        ACCOUNT
    }


def test_what_may_not_be_looked_up_is_told_and_stops_nothing() -> None:
    denied = refused("AccessDenied")
    session = FakeSession(
        get_parameter=denied,
        describe_stacks=denied,
        list_stack_resources=denied,
        get_function=denied,
        get_role=denied,
        describe_table=denied,
        describe_event_bus=denied,
        head_bucket=refused("403"),
    )
    told = found(session)
    assert {blocks for _, blocks in told} == {False}
    assert [text.split(" ")[0] for text, _ in told] == [
        "ssm:GetParameter",
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackResources",
        "lambda:GetFunction",
        "iam:GetRole",
        "dynamodb:DescribeTable",
        "events:DescribeEventBus",
        "s3:ListBucket",
        "s3:ListBucket",
    ]


def test_where_nobody_may_see_what_the_stack_holds_a_name_that_is_taken_stops_nothing() -> None:
    session = FakeSession(list_stack_resources=refused("AccessDenied"), get_role=there(), head_bucket=there())
    told = found(session)
    assert {blocks for _, blocks in told} == {False}
    assert [text.partition(" (")[0] for text, _ in told] == [
        "cloudformation:ListStackResources",
        "the role the-role",
        "the bucket the-uploads",
        "the bucket the-copies",
    ]


@pytest.mark.parametrize(
    ("session", "says"),
    [
        (FakeSession(region=None), "there is no AWS region: set AWS_REGION"),
        (FakeSession(credentials=None), "there are no AWS credentials"),
        (FakeSession(get_caller_identity=refused("ExpiredToken")), "AWS does not accept the credentials (no)"),
        (
            FakeSession(get_parameter=refused("ParameterNotFound")),
            f"the CDK is not set up in account {ACCOUNT}, {REGION}",
        ),
    ],
)
def test_what_the_cdk_needs_first_is_one_line(session: FakeSession, says: str) -> None:
    [(text, blocks)] = found(session)
    assert (text.startswith(says), blocks) == (True, True)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("UPDATE_IN_PROGRESS", "wait until that has ended"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "wait until that has ended"),
        ("DELETE_IN_PROGRESS", "wait until that has ended"),
        ("DELETE_FAILED", "aws cloudformation delete-stack --stack-name ours"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name ours"),
    ],
)
def test_a_stack_that_takes_no_update_now_is_told_with_what_to_do(status: str, says: str) -> None:
    [(text, blocks)] = found(FakeSession(describe_stacks=there(Stacks=[{"StackStatus": status}])))
    assert text.startswith(f"stack 'ours' is {status}: ")
    assert says in text
    assert blocks


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
)
def test_a_stack_that_the_cdk_updates_or_makes_anew_is_no_obstacle(status: str) -> None:
    assert found(FakeSession(describe_stacks=there(Stacks=[{"StackStatus": status}]))) == []


EXISTING = {"existing": True, "name": "theirs"}


@pytest.mark.parametrize(
    ("alias", "answer", "says"),
    [
        ("source", refused("404"), "is not there: make it, or take `existing` out"),
        ("destination", refused("404"), "is not there: make it, or take `existing` out"),
        ("source", there(BucketRegion="us-west-2"), "is in us-west-2, and its events go to EventBridge there"),
        (
            "source",
            refused("403", **{"x-amz-bucket-region": "us-west-2"}),
            "is in us-west-2, and its events go to EventBridge there",
        ),
    ],
)
def test_an_existing_bucket_has_to_be_there_and_a_source_in_this_region(
    alias: str, answer: Callable[..., Any], says: str
) -> None:
    context = {"buckets": {"source": {}, "destination": {}, alias: EXISTING}}
    [(text, blocks)] = found(FakeSession(head_bucket=answer), context)
    assert f"the existing bucket theirs (copytrail.buckets.{alias}) {says}" in text
    assert blocks


def test_an_existing_bucket_in_its_place_is_no_obstacle() -> None:
    source = {"buckets": {"source": EXISTING | {"account": "210987654321"}, "destination": {}}}
    session = FakeSession(head_bucket=there(BucketRegion=REGION))
    assert found(session, source) == []
    assert ("head_bucket", {"Bucket": "theirs", "ExpectedBucketOwner": "210987654321"}) in session.asked
    destination = {"buckets": {"source": {}, "destination": EXISTING}}
    assert found(FakeSession(head_bucket=there(BucketRegion="us-west-2")), destination) == []


RESERVING = {"copier": {"reservedConcurrency": 60}, "auditor": {"reservedConcurrency": 40}}


@pytest.mark.parametrize(
    ("free", "limit", "up"), [(199, 1000, False), (10, 10, False), (1000, 199, True)], ids=["taken", "small", "up"]
)
def test_more_concurrency_than_the_account_can_reserve_is_told(free: int, limit: int, up: bool) -> None:
    concurrency = {"UnreservedConcurrentExecutions": free, "ConcurrentExecutions": limit}
    session = FakeSession(
        get_account_settings=there(AccountLimit=concurrency),
        list_stack_resources=holding("a") if up else EMPTY["list_stack_resources"],
    )
    [(text, blocks)] = found(session, RESERVING)
    assert text.startswith("the functions reserve 100 (copytrail.copier.reservedConcurrency and the auditor's), and ")
    assert blocks


def test_what_the_account_can_reserve_is_no_obstacle_nor_is_what_nobody_reserves() -> None:
    concurrency = {"UnreservedConcurrentExecutions": 200, "ConcurrentExecutions": 1000}
    assert found(FakeSession(get_account_settings=there(AccountLimit=concurrency)), RESERVING) == []
    assert found(FakeSession(), {}) == []


def test_the_bucket_of_access_logs_is_looked_up_as_any_other() -> None:
    ours = {"accessLogs": {"keepDays": 9, "bucketName": "the-logs"}}
    [(text, _)] = found(FakeSession(head_bucket=there()), ours)
    assert text.startswith("the bucket the-logs (copytrail.accessLogs.bucketName) is there already, in this account")
    theirs = {"accessLogs": {"existing": True, "bucketName": "the-logs"}}
    [(text, _)] = found(FakeSession(), theirs)
    assert text.startswith("the existing bucket the-logs (copytrail.accessLogs) is not there")
    assert found(FakeSession(head_bucket=there()), theirs) == []


def test_nothing_is_deployed_where_something_is_in_the_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def code(session: FakeSession) -> int:
        monkeypatch.setattr("boto3.Session", lambda **_: session)
        return preflight.main(["--require-approval", "never"])

    assert code(FakeSession()) == 0
    assert capsys.readouterr().err == ""
    assert code(FakeSession(get_role=there())) == 1
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("preflight: the role lambda_execution_role (copytrail.copier.roleName) is there already: ")
    assert last == "preflight: nothing was deployed"
    assert code(FakeSession(get_role=refused("AccessDenied"))) == 0
    assert "preflight: not looked up: iam:GetRole (no)" in capsys.readouterr().err
