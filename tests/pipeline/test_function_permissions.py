"""The functions' roles allow exactly what the functions do: they do all they can, and IAM judges what they ask for."""

import random
from collections.abc import Iterator, Mapping

import pytest

from localaws.embedded import ACCOUNT_ID, REGION
from tests.fakes import outcomes
from tests.interception import InterceptedRequest, Interceptor, Reply, aws_json_error, intercept, s3_error
from tests.permissions.calls import Needed, needed, publishing, publishing_beyond, regional, using
from tests.permissions.judge import (
    ADMINISTRATOR,
    Judgement,
    Policies,
    Principal,
    Request,
    Unnoticed,
    administrators_policy,
    arns_of_queues,
    key_policies,
    policies_of_roles,
    resource_policies,
    rules_of,
)
from tests.pipeline.trail import Trail

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/11111111-1111-1111-1111-111111111111"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/22222222-2222-2222-2222-222222222222"
SOURCE, DESTINATION, JOURNAL, ARCHIVE = "uploads-of-all", "copies-of-all", "journal-of-all", "archive-of-all"
KEYS = {SOURCE: KEY, DESTINATION: OTHER_KEY}
BREAK_GLASS = Principal.role("break-glass", "AdministratorAccess")
# Between them, the routes take every permission that there is.
CONTEXT = {
    "buckets": {
        "source": {"name": SOURCE, "publicRead": False, "versioned": True, "kmsKeyArn": KEY},
        "destination": {"name": DESTINATION, "versioned": True, "kmsKeyArn": OTHER_KEY},
        "journal": {"name": JOURNAL, "versioned": True},
        "archive": {"name": ARCHIVE, "versioned": True},
    },
    "routes": [
        {"from": "source", "to": "destination", "deletes": True},
        {"from": "journal", "to": "archive", "versions": "every"},
    ],
    "copier": {"multipartThresholdMiB": 5, "partSizeMiB": 5},
    "auditTable": {"breakGlassRoleArn": BREAK_GLASS.context["aws:PrincipalArn"]},
}
LARGE = random.Random(5).randbytes(11 * 1024**2)
# Over 2 KB of them go in a request of their own, after an upload in parts.
MANY_TAGS = "&".join(f"{'k' * 100}{number}={'v' * 200}" for number in range(10))
COPIER, AUDITOR = "lambda_execution_role", "AuditorRole"
# "CopyObject", S3 API reference, asks for s3:GetObject on the source, of whatever version.
UNUSED = {
    Unnoticed(COPIER, action, f"{JOURNAL}/*"): "a copy of a version: S3's pages do not leave it out"
    for action in ("s3:GetObject", "s3:GetObjectTagging")
}
CHANGES = (
    *("BatchWriteItem", "DeleteItem", "DeleteTable", "PartiQLDelete", "PartiQLInsert", "PartiQLUpdate"),
    *("UpdateItem", "UpdateTimeToLive"),
)


@pytest.fixture(scope="module")
def roles(deployed: Trail) -> Mapping[str, Principal]:
    """Function → its role."""
    found = {}
    for output in ("CopierFunctionName", "AuditorFunctionName"):
        name = deployed.outputs[output]
        configuration = deployed.aws.client("lambda").get_function_configuration(FunctionName=name)
        role = configuration["Role"].rpartition("/")[2]
        found[name] = Principal.role(role, role)
    return found


@pytest.fixture(scope="module")
def asked(deployed: Trail, roles: Mapping[str, Principal]) -> list[Request]:
    """All that the functions, and AWS on their behalf, ask for while they do all they can do."""
    found: dict[Request, None] = {}

    def watch(request: InterceptedRequest) -> None:
        key_id = request.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
        if role := roles.get(key_id):
            found.update(dict.fromkeys(Request(role, each) for each in needed(request, KEYS)))

    with intercept(deployed.aws, watch):
        do_all(deployed)
    return [*found, *of_lambda(deployed, roles), *rules_of(deployed.aws, deployed.outputs)]


@pytest.fixture(scope="module")
def forbidden(deployed: Trail, roles: Mapping[str, Principal]) -> list[Request]:
    """What nobody, or not just anybody, may do."""
    copier, auditor = roles.values()
    table = regional("dynamodb", f"table/{deployed.outputs['AuditTableName']}")
    queues = arns_of_queues(deployed.outputs)
    bus = deployed.outputs["TransferBusName"]
    return [
        *(
            Request(copier, Needed(action, f"arn:aws:s3:::{resource}"))
            for action, resource in (
                ("s3:DeleteObject", f"{ARCHIVE}/key"),
                ("s3:DeleteObjectVersion", f"{DESTINATION}/key"),
                ("s3:DeleteObject", f"{SOURCE}/key"),
                ("s3:PutObject", f"{SOURCE}/key"),
                ("s3:PutBucketPolicy", DESTINATION),
            )
        ),
        # Without S3 in between, or through another service.
        *(
            Request(copier, each)
            for action, key in (("kms:Decrypt", KEY), ("kms:Decrypt", OTHER_KEY), ("kms:GenerateDataKey", OTHER_KEY))
            for each in (Needed(action, key), using(action, key, through="ec2"))
        ),
        Request(copier, Needed("sqs:SendMessage", queues["AuditQueueUrl"])),
        *(
            Request(copier, each)
            for each in publishing_beyond(bus, "Object Copied", "Object Copy Requested", "Operation Ended")
        ),
        Request(auditor, publishing(bus, ("copytrail", "Object Copied"))),
        *(Request(who, Needed("dynamodb:PutItem", table)) for who in (copier, ADMINISTRATOR)),
        *(
            Request(who, Needed(f"dynamodb:{action}", table))
            for action in CHANGES
            for who in (copier, auditor, ADMINISTRATOR)
        ),
        *(
            Request(Principal.rule(regional("events", "rule/somebody-elses")), Needed("sqs:SendMessage", queue))
            for queue in queues.values()
        ),
        *(
            Request(ADMINISTRATOR, Needed(action, resource), over_tls=False)
            for action, resource in (
                *(("sqs:SendMessage", queue) for queue in queues.values()),
                *(("s3:ListBucket", f"arn:aws:s3:::{bucket}") for bucket in (SOURCE, DESTINATION, JOURNAL, ARCHIVE)),
                *(("s3:GetObject", f"arn:aws:s3:::{bucket}/k") for bucket in (SOURCE, DESTINATION, JOURNAL, ARCHIVE)),
            )
        ),
    ]


@pytest.fixture(scope="module")
def in_an_emergency(deployed: Trail) -> list[Request]:
    """What the break-glass role, and only it, may do."""
    table = regional("dynamodb", f"table/{deployed.outputs['AuditTableName']}")
    return [Request(BREAK_GLASS, Needed(f"dynamodb:{action}", table)) for action in (*CHANGES, "PutItem")]


@pytest.fixture(scope="module")
def judgement(
    deployed: Trail, asked: list[Request], forbidden: list[Request], in_an_emergency: list[Request]
) -> Judgement:
    aws, outputs = deployed.aws, deployed.outputs
    besides = Policies(administrators_policy(), key_policies(KEY, OTHER_KEY))
    ours = Policies(policies_of_roles(aws), resource_policies(aws, outputs))
    return ours.judge([*asked, *forbidden, *in_an_emergency], besides=besides)


def test_the_functions_may_do_all_that_they_do(judgement: Judgement, asked: list[Request]) -> None:
    assert judgement.not_allowed(asked) == []


def test_nothing_else_may_be_done(judgement: Judgement, forbidden: list[Request]) -> None:
    assert judgement.allowed(forbidden) == []


def test_the_break_glass_role_may_change_records(judgement: Judgement, in_an_emergency: list[Request]) -> None:
    assert judgement.not_allowed(in_an_emergency) == []


def test_each_permission_each_denial_and_each_condition_is_missed_when_it_is_taken_away(judgement: Judgement) -> None:
    assert judgement.unnoticed == UNUSED.keys()


def of_lambda(trail: Trail, roles: Mapping[str, Principal]) -> Iterator[Request]:
    """What Lambda does with a function's role: it takes messages, and keeps logs.

    Source: "Execution role permissions", and "Sending Lambda function logs to CloudWatch Logs", Lambda developer guide.
    """
    queues = arns_of_queues(trail.outputs)
    for role, queue, group in zip(
        roles.values(),
        (queues["CopyQueueUrl"], queues["AuditQueueUrl"]),
        (trail.outputs["CopierLogGroupName"], trail.outputs["AuditorLogGroupName"]),
        strict=True,
    ):
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
            yield Request(role, Needed(action, queue))
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            yield Request(role, Needed(action, regional("logs", f"log-group:{group}:log-stream:a-stream")))


def do_all(trail: Trail) -> None:
    """Have both functions do each thing that they can do, along both routes."""
    for bucket in (SOURCE, JOURNAL):
        put = trail.s3.put_object
        put(Bucket=bucket, Key="twice", Body=b"1", Tagging="a=b")
        put(Bucket=bucket, Key="large", Body=LARGE, Tagging=MANY_TAGS)
        trail.wait_until_quiet()
        put(Bucket=bucket, Key="twice", Body=b"2", Tagging="a=b")
        passing, denied = s3_error("SomethingNew", "Not now.", 400), s3_error("AccessDenied", "Access Denied", 403)
        faults = [
            fault("UploadPartCopy", "continued", passing, times=1, only="partNumber=3"),
            fault("UploadPartCopy", "aborted", s3_error("InvalidRequest", "Never.", 400)),
            fault("HeadObject", "denied", Reply(403)),
            fault("CopyObject", "refused", denied),
        ]
        at_work = [intercept(trail.aws, fault) for fault in faults]
        for key in ("continued", "aborted", "denied"):
            put(Bucket=bucket, Key=key, Body=LARGE)
        put(Bucket=bucket, Key="refused", Body=b"1")
        trail.skip_delays_until_quiet()
        for each in at_work:
            each.remove()
    deliver_twice_and_too_late(trail)
    trail.s3.delete_object(Bucket=SOURCE, Key="twice")
    record = outcomes.body(outcomes.copied(outcomes.an_upload(key="of a record")))
    with intercept(trail.aws, fault("PutItem", "", aws_json_error("SomethingNew", "Not now."), times=1)):
        trail.send("no event", record, queue="AuditQueueUrl")
        trail.skip_delays_until_quiet()


def deliver_twice_and_too_late(trail: Trail) -> None:
    """A version whose event comes again, and one that is deleted before its event comes."""
    trail.copier.pause()
    trail.s3.put_object(Bucket=JOURNAL, Key="again", Body=b"1")
    gone = trail.s3.put_object(Bucket=JOURNAL, Key="gone", Body=b"1")["VersionId"]
    trail.s3.delete_object(Bucket=JOURNAL, Key="gone", VersionId=gone)
    trail.wait_a_moment()
    events = [message["Body"] for message in trail.take_all("CopyQueueUrl")]
    trail.copier.resume()
    for _ in range(2):
        trail.send(*events)
        trail.skip_delays_until_quiet()


def fault(operation: str, key: str, reply: Reply, *, times: int = 1_000, only: str = "") -> Interceptor:
    """Have AWS answer so to requests of this operation on this key, the first so many."""
    left = [reply] * times

    def answer(request: InterceptedRequest) -> Reply | None:
        is_meant = request.operation == operation and request.key == key and only in request.path
        return left.pop() if is_meant and left else None

    return answer
