"""The operators' policies allow exactly what the commands do: each is run, and IAM judges what it asks for."""

import gzip
import json
from collections.abc import Iterator, Mapping
from hashlib import md5
from itertools import chain

import click
import pytest

from localaws.embedded import ACCOUNT_ID, REGION
from ops.cli import cli
from shared import times
from tests.fakes import outcomes
from tests.interception import InterceptedRequest, intercept
from tests.operator.conftest import Desk
from tests.permissions.calls import Needed, needed, publishing, publishing_beyond, regional, using
from tests.permissions.judge import (
    Judgement,
    Policies,
    Principal,
    Request,
    Unnoticed,
    arns_of_queues,
    key_policies,
    managed_policies,
    resource_policies,
)

# A second route, of every version, and a bucket that encrypts with a key of ours: both take more to read.
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/11111111-1111-1111-1111-111111111111"
ENCRYPTED = "encrypted-copies"
JOURNAL = "journal-of-all"
CONTEXT = {
    "buckets": {
        # What anybody may do takes no policy.
        "source": {"publicRead": False},
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

# What each takes: the stack's policies, by their outputs without "PolicyArn".
READER, BUCKET_READER = ("Reader",), ("Reader", "BucketReader")
CONFIGURATION_READER = ("Reader", "ConfigurationReader")
REPLAYER, AUDIT_REPLAYER = (*BUCKET_READER, "Replayer"), ("Reader", "AuditReplayer")
LOOKS = (
    "bucket-policy source",
    f"backfill --bucket source --dry-run --manifest s3://{OWN}/manifest.json",
    "audit list",
    "audit get LOGID",
    "audit history s3://SOURCE/copied.txt",
    "audit stats",
    "audit tail",
    "audit operations",
    "audit export records.csv",
    f"audit export --to-s3 s3://{OWN}/audit",
    "dlq ls",
    "dlq show FAILED",
    "dlq export letters.jsonl",
    "dlq export --queue audit audit-letters.jsonl",
    "dlq replay --queue audit --dry-run",
)
LOOKS_AT_CONFIGURATION = ("status", "doctor")
LOOKS_INTO_BUCKETS = (
    "backfill --bucket source --dry-run",
    "dlq replay --dry-run",
    "reconcile --in-flight-since 0s",
    "reconcile --deep --in-flight-since 0s",
)
ACTS = (
    "dlq replay --limit 1 --yes",
    "dlq drop --all --limit 1 --yes",
    "dlq import letters.jsonl --yes",
    # Before all is copied once more.
    "reconcile --repair --in-flight-since 0s --yes",
    "backfill --bucket source --yes",
    "doctor --canary",
)
ACTS_ON_RECORDS = (
    "dlq replay --queue audit --limit 1 --yes",
    "dlq drop --queue audit --all --limit 1 --yes",
    "dlq import --queue audit audit-letters.jsonl --yes",
)
COMMANDS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    READER: LOOKS,
    CONFIGURATION_READER: LOOKS_AT_CONFIGURATION,
    BUCKET_READER: LOOKS_INTO_BUCKETS,
    REPLAYER: ACTS,
    AUDIT_REPLAYER: ACTS_ON_RECORDS,
}
# They take what those who administer a bucket, or may delete the stack, may do, and no policy of the stack's allows.
ADMINISTERS = {
    "enable-events source --yes": {"s3:PutBucketNotification"},
    "lifecycle-rule destination --apply --yes": {"s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"},
    "drain --discard-dead-letters --empty-for 1s --yes": {"events:DisableRule", "lambda:UpdateEventSourceMapping"},
    "drain --undo --yes": {"events:EnableRule", "lambda:UpdateEventSourceMapping"},
}
# They ask nothing of AWS, or only for the stack, as bucket-policy does, or run the embedded AWS, where everybody may do
# everything.
ELSEWHERE = {"completion", "demo", "forwarding-rule", "local up"}
UNUSED = {
    Unnoticed("Reader", "dynamodb:PartiQLSelect", "table/devops-S3CopyLogs/index/ByObject"): (
        "who may query an index reads the same with it, and the policy has no room for a statement of its own"
    ),
    **{
        Unnoticed("ConfigurationReader", f"events:{action}", "rule/copytrail-transfers/copytrail-*"): (
            "a short stack's name is how its bus's begins, too, so that the pattern of the default bus takes that in"
        )
        for action in ("DescribeRule", "ListTargetsByRule")
    },
}
OUTCOMES = ("Object Copied", "Object Copy Skipped", "Object Copy Failed", "Object Deletion Copied")


@pytest.fixture(scope="module")
def asked(deployed: Desk) -> Mapping[str, frozenset[Request]]:
    """Command → all that it asks of AWS, each run on dead letters, records and objects to find."""
    prepare(deployed)
    return {
        words: frozenset(Request(operator(*policies), each) for each in trace(deployed, words))
        for policies, commands in COMMANDS.items()
        for words in commands
    }


@pytest.fixture(scope="module")
def by_administrators(deployed: Desk, asked: Mapping[str, frozenset[Request]]) -> Mapping[str, list[Request]]:
    """Command → what it asks of AWS for somebody who has all of the stack's policies. After all others: it changes."""
    assert asked
    # As a bucket is that the stack did not make.
    deployed.s3.put_bucket_notification_configuration(Bucket=deployed.source, NotificationConfiguration={})
    deployed.s3.delete_bucket_lifecycle(Bucket=ENCRYPTED)
    everything = operator(*dict.fromkeys((*CONFIGURATION_READER, *REPLAYER, *AUDIT_REPLAYER)))
    return {words: [Request(everything, each) for each in trace(deployed, words)] for words in ADMINISTERS}


@pytest.fixture(scope="module")
def by_hand(deployed: Desk) -> list[Request]:
    """What people ask for with other tools than ours, as `status` and the pages tell them to."""
    queues = arns_of_queues(deployed.outputs)
    groups = [deployed.outputs[f"{function}LogGroupName"] for function in ("Copier", "Auditor")]
    return [
        # `aws logs tail`, and Logs Insights.
        *(
            Request(operator(*READER), Needed(f"logs:{action}", regional("logs", f"log-group:{group}:log-stream:")))
            for action in ("FilterLogEvents", "GetQueryResults", "StartQuery")
            for group in groups
        ),
        # "Configuring queue permissions for dead-letter queue redrive", SQS developer guide.
        *(
            Request(operator(*policies), Needed(f"sqs:{action}", queues[queue]))
            for policies, queue, dlq in (
                (REPLAYER, "CopyQueueUrl", "CopyDlqUrl"),
                (AUDIT_REPLAYER, "AuditQueueUrl", "AuditDlqUrl"),
            )
            for action, queue in (
                ("SendMessage", queue),
                *((f"{verb}MessageMoveTask{s}", dlq) for verb, s in (("Start", ""), ("List", "s"), ("Cancel", ""))),
                *((action, dlq) for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")),
            )
        ),
    ]


@pytest.fixture(scope="module")
def forbidden(deployed: Desk) -> list[Request]:
    """What operators may not do."""
    queues, bus = arns_of_queues(deployed.outputs), deployed.outputs["TransferBusName"]
    table = regional("dynamodb", f"table/{deployed.outputs['AuditTableName']}")
    bucket = f"arn:aws:s3:::{ENCRYPTED}"
    by_whom = {
        READER: [Needed("s3:GetObject", f"{bucket}/key"), Needed("s3:ListBucket", bucket)],
        BUCKET_READER: [
            # Without S3 in between, or through another service.
            *(Needed("kms:Decrypt", KEY), using("kms:Decrypt", KEY, through="ec2")),
            *(Needed("sqs:SendMessage", queue) for queue in queues.values()),
            *(Needed("sqs:ReceiveMessage", queues[queue]) for queue in ("CopyQueueUrl", "AuditQueueUrl")),
            *(Needed("sqs:DeleteMessage", queues[queue]) for queue in ("CopyDlqUrl", "AuditDlqUrl")),
            *(publishing(bus, ("copytrail", each)) for each in ("Object Copy Requested", "Operation Started")),
            Needed("logs:DeleteLogGroup", regional("logs", f"log-group:{deployed.outputs['CopierLogGroupName']}")),
        ],
        REPLAYER: [
            *(Needed("sqs:SendMessage", queues[queue]) for queue in ("AuditQueueUrl", "AuditDlqUrl")),
            *(Needed(f"sqs:{action}", queues["AuditDlqUrl"]) for action in ("DeleteMessage", "StartMessageMoveTask")),
            *publishing_beyond(bus, "Object Copy Requested", *OUTCOMES),
        ],
        AUDIT_REPLAYER: [
            *(Needed("sqs:SendMessage", queues[queue]) for queue in ("CopyQueueUrl", "CopyDlqUrl")),
            Needed("sqs:DeleteMessage", queues["CopyDlqUrl"]),
            *publishing_beyond(bus, "Operation Ended", "Object Copy Requested", *OUTCOMES),
        ],
    }
    nobody = [
        *(Needed(f"dynamodb:{action}", table) for action in ("PutItem", "UpdateItem", "DeleteItem", "PartiQLInsert")),
        *(Needed(f"s3:{action}", f"{bucket}/key") for action in ("PutObject", "DeleteObject")),
        *(Needed("sqs:PurgeQueue", queue) for queue in queues.values()),
    ]
    return [Request(operator(*policies), each) for policies, theirs in by_whom.items() for each in (*theirs, *nobody)]


@pytest.fixture(scope="module")
def with_less(asked: Mapping[str, frozenset[Request]]) -> Mapping[tuple[str, str], list[Request]]:
    """Command and one of its policies → the same, asked for by somebody who does not have that one."""
    return {
        (words, left_out): [
            Request(operator(*(policy for policy in policies if policy != left_out)), each.needed)
            for each in asked[words]
        ]
        for policies, commands in COMMANDS.items()
        for words in commands
        for left_out in {policies[-1], "Reader"}
    }


@pytest.fixture(scope="module")
def others(
    with_less: Mapping[tuple[str, str], list[Request]], by_administrators: Mapping[str, list[Request]]
) -> list[Request]:
    """What is asked for by somebody who has too little for it."""
    return [*chain.from_iterable(with_less.values()), *chain.from_iterable(by_administrators.values())]


@pytest.fixture(scope="module")
def judgement(
    deployed: Desk,
    asked: Mapping[str, frozenset[Request]],
    by_hand: list[Request],
    forbidden: list[Request],
    others: list[Request],
) -> Judgement:
    besides = Policies({}, {**resource_policies(deployed.aws, deployed.outputs), **key_policies(KEY)})
    requests = [*chain.from_iterable(asked.values()), *by_hand, *forbidden]
    ours = Policies(managed_policies(deployed.aws, deployed.outputs))
    return ours.judge(requests, besides=besides, also=others)


def test_a_command_may_do_all_that_it_takes(judgement: Judgement, asked: Mapping[str, frozenset[Request]]) -> None:
    refused = {words: judgement.not_allowed(requests) for words, requests in asked.items()}
    assert {words: requests for words, requests in refused.items() if requests} == {}


def test_a_person_may_do_what_the_pages_say(judgement: Judgement, by_hand: list[Request]) -> None:
    assert judgement.not_allowed(by_hand) == []


def test_nobody_may_do_more(judgement: Judgement, forbidden: list[Request]) -> None:
    assert judgement.allowed(forbidden) == []


def test_a_command_takes_each_of_its_policies(
    judgement: Judgement, with_less: Mapping[tuple[str, str], list[Request]]
) -> None:
    assert [without for without, requests in with_less.items() if not judgement.not_allowed(requests)] == []


def test_who_administers_a_bucket_needs_no_more_for_it_than_the_command_says(
    judgement: Judgement, by_administrators: Mapping[str, list[Request]]
) -> None:
    beyond = {
        words: {request.needed.action for request in requests if judgement.not_allowed([request])}
        for words, requests in by_administrators.items()
    }
    assert beyond == ADMINISTERS


def test_each_permission_and_each_condition_is_missed_when_it_is_taken_away(judgement: Judgement) -> None:
    assert judgement.unnoticed == UNUSED.keys()


def test_every_command_is_run_here() -> None:
    run = [*chain.from_iterable(COMMANDS.values()), *ADMINISTERS]
    assert [
        name
        for name in leaves(cli)
        if name not in ELSEWHERE and not any(f"{words} ".startswith(f"{name} ") for words in run)
    ] == []


def operator(*policies: str) -> Principal:
    """Somebody who has these policies."""
    return Principal.role("-".join(policies) or "nobody", *policies)


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*path, name))


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


def trace(desk: Desk, words: str) -> frozenset[Needed]:
    """Run a command; all that it asked of AWS, but of the operator's own bucket."""
    asked: set[Needed] = set()

    def watch(request: InterceptedRequest) -> None:
        is_own = request.service == "s3" and request.bucket == OWN
        if "Credential=operator/" in request.headers.get("authorization", "") and not is_own:
            asked.update(needed(request, {ENCRYPTED: KEY}))

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
