"""The system with everything on that hardens it: it copies and records as ever, and IAM judges who may use its key."""

import json

import pytest

from localaws.embedded import ACCOUNT_ID, REGION
from shared.events import Outcome
from tests.infra.hardened import HARDENED
from tests.permissions.calls import Needed, regional, using
from tests.permissions.judge import (
    Judgement,
    Policies,
    Principal,
    Request,
    administrators_policy,
    managed_policies,
    policies_of_roles,
)
from tests.pipeline.trail import Trail

CONTEXT = HARDENED
SENDERS = ("events", "cloudwatch")
SEND = ("kms:Decrypt", "kms:GenerateDataKey")
# The judge takes no condition on an encryption context for what it is, and so gets one on another ARN in its place.
LOG_GROUP, LOG_GROUP_TO_THE_JUDGE = "kms:EncryptionContext:aws:logs:arn", "aws:SourceArn"
WRITE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")


def test_what_overwrites_a_copy_leaves_the_older_one_to_go_back_to(trail: Trail) -> None:
    trail.upload("plan", b"good")
    trail.wait_until_quiet()
    trail.upload("plan", b"bad")
    trail.wait_until_quiet()

    assert trail.copy_of("plan") == b"bad"
    first, second = sorted(trail.records("plan"), key=lambda record: record.finished_at)
    assert (first.outcome, second.outcome) == (Outcome.COPIED, Outcome.COPIED)
    older = trail.s3.get_object(Bucket=trail.destination, Key="plan", VersionId=str(first.destination_version_id))
    assert older["Body"].read() == b"good"


@pytest.fixture(scope="module")
def key(deployed: Trail) -> str:
    """The key of the stack."""
    queue = deployed.outputs["CopyQueueUrl"]
    told = deployed.aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["KmsMasterKeyId"])
    return str(told["Attributes"]["KmsMasterKeyId"])


def of_service(name: str, action: str, key: str, **context: str) -> Request:
    return Request(Principal(f"{name}.amazonaws.com"), Needed(action, key, tuple(context.items())))


def of_sender(name: str, action: str, key: str, account: str) -> Request:
    return of_service(name, action, key, **{"aws:SourceAccount": account})


def of_logs(action: str, key: str, group: str) -> Request:
    arn = regional("logs", f"log-group:{group}")
    return of_service(f"logs.{REGION}", action, key, **{LOG_GROUP_TO_THE_JUDGE: arn})


def judged(deployed: Trail, key: str, requests: list[Request]) -> Judgement:
    policy = deployed.aws.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert LOG_GROUP in policy
    policy = json.loads(policy.replace(LOG_GROUP, LOG_GROUP_TO_THE_JUDGE))
    identity = {**policies_of_roles(deployed.aws), **managed_policies(deployed.aws, deployed.outputs)}
    nothing = Policies(administrators_policy())
    return nothing.judge(requests, besides=Policies(identity, {key: policy}))


def test_the_key_serves_queues_tables_and_logs_of_the_stack_and_nothing_else(deployed: Trail, key: str) -> None:
    outputs = deployed.outputs
    copier, auditor = (Principal.role(role, role) for role in sorted(policies_of_roles(deployed.aws), reverse=True))
    reader = Principal.role("reader", "Reader")
    replayer = Principal.role("replayer", "Reader", "Replayer")
    needed = [
        *(of_sender(name, action, key, ACCOUNT_ID) for name in SENDERS for action in SEND),
        *(
            of_logs(action, key, outputs[f"{function}LogGroupName"])
            for function in ("Copier", "Auditor")
            for action in ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptTo")
        ),
        *(Request(who, using(action, key, "sqs")) for who in (copier, auditor, replayer) for action in SEND),
        *(Request(auditor, using(action, key, "dynamodb")) for action in WRITE),
        *(Request(reader, using("kms:Decrypt", key, service)) for service in ("sqs", "dynamodb")),
    ]
    forbidden = [
        *(of_sender(name, action, key, "999988887777") for name in SENDERS for action in SEND),
        of_logs("kms:Decrypt", key, "another-stacks-function"),
        of_service("sns", "kms:Decrypt", key),
        *(Request(who, Needed("kms:Decrypt", key)) for who in (copier, auditor, reader, replayer)),
        Request(copier, using("kms:Decrypt", key, "dynamodb")),
        *(Request(who, using("kms:CreateGrant", key, "dynamodb")) for who in (copier, auditor, reader)),
        Request(reader, using("kms:GenerateDataKey", key, "sqs")),
        Request(Principal.role("stranger"), using("kms:Decrypt", key, "sqs")),
    ]
    judgement = judged(deployed, key, [*needed, *forbidden])
    assert judgement.not_allowed(needed) == []
    assert judgement.allowed(forbidden) == []
