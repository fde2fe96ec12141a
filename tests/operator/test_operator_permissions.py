"""The operators' policies allow exactly what the commands do: each is run, and what it asks of AWS is compared."""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import md5
from itertools import chain
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import click
import pytest

from localaws.embedded import ACCOUNT_ID, REGION
from ops.cli import cli
from shared import times
from shared.audit_log.schema import BY_OBJECT
from tests.fakes import outcomes
from tests.interception import InterceptedRequest, intercept
from tests.operator.conftest import Desk

# A second route, of every version, and a bucket that encrypts with a key of ours: both take more to read.
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/11111111-1111-1111-1111-111111111111"
ENCRYPTED = "encrypted-copies"
JOURNAL = "journal-of-all"
CONTEXT = {
    "buckets": {
        "destination": {"name": ENCRYPTED, "kmsKeyArn": KEY},
        "journal": {"name": JOURNAL, "versioned": True},
        "archive": {"name": "archive-of-all", "versioned": True},
    },
    "routes": [{"from": "source", "to": "destination"}, {"from": "journal", "to": "archive", "versions": "every"}],
}
# Tells what a command asks for from what the functions do.
OPERATOR = {"AWS_ACCESS_KEY_ID": "operator"}
# Where the operator exports to, and keeps inventories: what is needed there is not the stack's to allow.
OWN = "operators-own"

READS = (
    "status",
    "bucket-policy source",
    "audit list",
    "audit get LOGID",
    "audit history s3://SOURCE/copied.txt",
    "audit stats",
    "audit tail",
    "audit operations",
    "audit export records.csv",
    f"audit export --to-s3 s3://{OWN}/audit",
    "backfill --bucket source --dry-run",
    f"backfill --bucket source --dry-run --manifest s3://{OWN}/manifest.json",
    "dlq ls",
    "dlq show FAILED",
    "dlq export letters.jsonl",
    "dlq export --queue audit audit-letters.jsonl",
    "dlq replay --dry-run",
    "reconcile --in-flight-since 0s",
    "reconcile --deep --in-flight-since 0s",
)
ACTS = (
    "dlq replay --limit 1 --yes",
    "dlq replay --queue audit --limit 1 --yes",
    "dlq drop --all --limit 1 --yes",
    "dlq drop --queue audit --all --limit 1 --yes",
    "dlq import letters.jsonl --yes",
    "dlq import --queue audit audit-letters.jsonl --yes",
    # Before all is copied once more.
    "reconcile --repair --in-flight-since 0s --yes",
    "backfill --bucket source --yes",
)
# They take what those who administer a bucket may do, and neither policy allows.
ADMINISTERS = {
    "enable-events source --yes": {"s3:GetBucketNotification", "s3:PutBucketNotification"},
    "lifecycle-rule destination --apply --yes": {"s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"},
}
# They ask nothing of AWS, or run the embedded one, where everybody may do everything.
ELSEWHERE = {"completion", "demo", "local up"}

# Actions that go by another name than the operation ("Service Authorization Reference").
ACTIONS = {
    "dynamodb:ExecuteStatement": "dynamodb:PartiQLSelect",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
# "No permissions are required" ("GetCallerIdentity", STS API reference).
NEEDS_NO_LEAVE = "sts:GetCallerIdentity"


class Grant(NamedTuple):
    """An action on a resource, or on all whose ARN is like this."""

    action: str
    resource: str

    def covers(self, asked: "Grant") -> bool:
        pattern = re.escape(self.resource).replace(r"\*", ".*").replace(r"\?", ".")
        return self.action == asked.action and re.fullmatch(pattern, asked.resource) is not None


Traces = Mapping[str, frozenset[Grant]]


@pytest.fixture(scope="module")
def policies(deployed: Desk) -> Mapping[str, frozenset[Grant]]:
    """What the deployed policies of readers and of replayers allow."""
    return {
        to: frozenset(chain.from_iterable(granted(deployed, f"{name}{to}PolicyArn") for name in names))
        for to, names in {"Reader": ("", "Bucket"), "Replayer": ("", "Audit")}.items()
    }


@pytest.fixture(scope="module")
def traces(deployed: Desk) -> Traces:
    """Command → all that it asked of AWS, each run on dead letters, records and objects to find."""
    prepare(deployed)
    traced = {words: trace(deployed, words) for words in (*READS, *ACTS)}
    # As a bucket is that the stack did not make.
    deployed.s3.put_bucket_notification_configuration(Bucket=deployed.source, NotificationConfiguration={})
    deployed.s3.delete_bucket_lifecycle(Bucket=ENCRYPTED)
    return traced | {words: trace(deployed, words) for words in ADMINISTERS}


def test_a_reader_may_do_all_that_a_look_takes(traces: Traces, policies: Mapping[str, frozenset[Grant]]) -> None:
    assert not_allowed(READS, traces, policies["Reader"]) == {}


def test_who_may_also_replay_may_do_all_that_acting_takes(
    traces: Traces, policies: Mapping[str, frozenset[Grant]]
) -> None:
    assert not_allowed(ACTS, traces, policies["Reader"] | policies["Replayer"]) == {}


def test_each_act_takes_more_than_a_look(traces: Traces, policies: Mapping[str, frozenset[Grant]]) -> None:
    assert not_allowed(ACTS, traces, policies["Reader"]).keys() == set(ACTS)


def test_who_administers_a_bucket_needs_no_more_for_it_than_the_command_says(
    traces: Traces, policies: Mapping[str, frozenset[Grant]]
) -> None:
    beyond = not_allowed(tuple(ADMINISTERS), traces, policies["Reader"] | policies["Replayer"])
    assert {words: {grant.action for grant in grants} for words, grants in beyond.items()} == ADMINISTERS


@pytest.mark.parametrize(("policy", "commands"), [("Reader", READS), ("Replayer", ACTS)])
def test_nothing_is_allowed_that_no_command_does(
    traces: Traces, policies: Mapping[str, frozenset[Grant]], policy: str, commands: tuple[str, ...]
) -> None:
    asked = frozenset().union(*(traces[words] for words in commands))
    needless = [grant for grant in policies[policy] if not any(map(grant.covers, asked))]
    assert [grant for grant in needless if not is_query_in_other_words(grant) and grant.action not in BY_HAND] == []


# For `aws logs` and SQS's own redrive, which no command of ours is.
BY_HAND = {"logs:FilterLogEvents", "logs:GetQueryResults", "logs:StartQuery"}
BY_HAND |= {"sqs:CancelMessageMoveTask", "sqs:ListMessageMoveTasks", "sqs:StartMessageMoveTask"}


def is_query_in_other_words(grant: Grant) -> bool:
    """The policy has no room for a statement of its own, and whoever may query an index reads the same with it."""
    return grant.action == "dynamodb:PartiQLSelect" and grant.resource.endswith(f"/index/{BY_OBJECT}")


def test_every_command_is_run_here() -> None:
    run = {*READS, *ACTS, *ADMINISTERS}
    assert [
        name
        for name in leaves(cli)
        if name not in ELSEWHERE and not any(f"{words} ".startswith(f"{name} ") for words in run)
    ] == []


def not_allowed(commands: tuple[str, ...], traces: Traces, allowed: frozenset[Grant]) -> Mapping[str, list[Grant]]:
    """Command → what it asks for that is not allowed."""
    refused = {
        words: sorted(asked for asked in traces[words] if not any(grant.covers(asked) for grant in allowed))
        for words in commands
    }
    return {words: grants for words, grants in refused.items() if grants}


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*path, name))


def granted(desk: Desk, output: str) -> Iterator[Grant]:
    iam = desk.aws.client("iam")
    arn = desk.outputs[output]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    for statement in document["Statement"]:
        assert statement.keys() - {"Condition"} == {"Effect", "Action", "Resource"}
        for action in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                yield Grant(action, resource)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def prepare(desk: Desk) -> None:
    """Make something for each command to find."""
    desk.s3.create_bucket(Bucket=OWN)
    for bucket in (desk.source, JOURNAL):
        desk.s3.put_object(Bucket=bucket, Key="copied.txt", Body=b"body", Tagging="a=b")
        for number in range(3):
            desk.s3.put_object(Bucket=bucket, Key=f"{number}.tar", Body=b"body", StorageClass="GLACIER")
    desk.upload("gone.txt")
    desk.wait_until_quiet()
    desk.s3.delete_object(Bucket=desk.destination, Key="gone.txt")
    reports = [outcomes.an_upload(key=f"{number}.csv") for number in range(3)]
    desk.send(*(outcomes.body(outcomes.copied(upload)) for upload in reports), queue="AuditDlqUrl")
    keep_inventory(desk)


def keep_inventory(desk: Desk) -> None:
    """Put an inventory of the source bucket where the operator keeps them."""
    rows = gzip.compress(
        f'"{desk.source}","copied.txt","4","{times.to_text(times.now())}","0a1b","STANDARD"\n'.encode()
    )
    manifest = {
        "sourceBucket": desk.source,
        "destinationBucket": f"arn:aws:s3:::{OWN}",
        "version": "2016-11-30",
        "creationTimestamp": "1795428000000",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size, LastModifiedDate, ETag, StorageClass",
        "files": [
            {"key": "rows.csv.gz", "size": len(rows), "MD5checksum": md5(rows, usedforsecurity=False).hexdigest()}
        ],
    }
    desk.s3.put_object(Bucket=OWN, Key="rows.csv.gz", Body=rows)
    desk.s3.put_object(Bucket=OWN, Key="manifest.json", Body=json.dumps(manifest).encode())


def trace(desk: Desk, words: str) -> frozenset[Grant]:
    """Run a command; all that it asked of AWS."""
    asked: set[Grant] = set()

    def watch(request: InterceptedRequest) -> None:
        if "Credential=operator/" in request.headers.get("authorization", ""):
            asked.update(needed(request))

    names = {
        "SOURCE": desk.source,
        "LOGID": desk.records("copied.txt")[0].log_id,
        "FAILED": desk.records("0.tar")[0].log_id,
    }
    for name, value in names.items():
        words = words.replace(name, value)
    with intercept(desk.aws, watch):
        ended = desk.run(*words.split(), **OPERATOR)
    assert "Error" not in ended.stderr, f"{words}: {ended.stderr}"
    desk.wait_until_quiet()
    return frozenset(asked)


def needed(request: InterceptedRequest) -> Iterator[Grant]:
    """What somebody must be allowed who asks for this."""
    action = f"{request.service}:{request.operation}"
    if action == NEEDS_NO_LEAVE or (request.bucket == OWN and request.service == "s3"):
        return
    action = ACTIONS.get(action, action)
    if action == "s3:GetObject" and "versionId" in parse_qs(urlsplit(request.path).query):
        action = "s3:GetObjectVersion"
    for resource in RESOURCES[request.service](request):
        yield Grant(action, resource)
    if "x-amz-checksum-mode" in request.headers and request.bucket == ENCRYPTED:
        # S3 decrypts to tell the checksum ("HeadObject", S3 API reference).
        yield Grant("kms:Decrypt", KEY)


def of_s3(request: InterceptedRequest) -> list[str]:
    return [f"arn:aws:s3:::{request.bucket}/{request.key}" if request.key else f"arn:aws:s3:::{request.bucket}"]


def of_sqs(request: InterceptedRequest) -> list[str]:
    return [regional("sqs", request.json()["QueueUrl"].rpartition("/")[2])]


def of_dynamodb(request: InterceptedRequest) -> list[str]:
    asked = request.json()
    if statement := re.match(r'SELECT .* FROM "(.+)"\."(.+)" WHERE', asked.get("Statement", "")):
        return [regional("dynamodb", f"table/{statement[1]}/index/{statement[2]}")]
    arn = asked.get("ExportArn") or asked.get("TableArn") or regional("dynamodb", f"table/{asked['TableName']}")
    return [f"{arn}/index/{asked['IndexName']}" if "IndexName" in asked else arn]


def of_events(request: InterceptedRequest) -> list[str]:
    buses = {entry["EventBusName"] for entry in request.json()["Entries"]}
    return [regional("events", f"event-bus/{bus}") for bus in sorted(buses)]


def of_cloudformation(request: InterceptedRequest) -> list[str]:
    [name] = parse_qs(request.body.decode())["StackName"]
    return [regional("cloudformation", f"stack/{name}/its-id")]


def of_cloudwatch(_: InterceptedRequest) -> list[str]:
    return ["*"]


def regional(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"


# A service that is not here is one that nobody has decided about.
RESOURCES: Mapping[str, Callable[[InterceptedRequest], list[str]]] = {
    "s3": of_s3,
    "sqs": of_sqs,
    "dynamodb": of_dynamodb,
    "events": of_events,
    "cloudformation": of_cloudformation,
    "cloudwatch": of_cloudwatch,
}
