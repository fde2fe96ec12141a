"""Routes as settings tell them: with filters that take several EventBridge rules, and from another account's bucket."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from localaws.embedded import REGION
from shared.events import Outcome
from tests.pipeline.trail import Trail
from tests.terminal import Terminal

SUFFIXES = [f".{letter}" for letter in "abcdefghijkl"]
THEIR_ACCOUNT = "210987654321"
THEIRS = "their-uploads"
CONTEXT = {
    "buckets": {"theirs": {"name": THEIRS, "existing": True, "account": THEIR_ACCOUNT}},
    "routes": [
        # `in/old/` is within `in/`: an upload there must not be let through twice.
        {"from": "source", "to": "destination", "prefixes": ["in/", "in/old/"], "suffixes": SUFFIXES},
        {"from": "theirs", "to": "destination", "prefixes": ["shared/"], "destinationPrefix": "theirs/"},
    ],
}


def test_every_upload_is_copied_once_whichever_rule_lets_it_through(trail: Trail) -> None:
    keys = [f"in/{name}{suffix}" for suffix in SUFFIXES for name in ("key", "old/key")]
    trail.copier.pause()
    for key in (*keys, "in/other.z", "out/key.a"):
        trail.upload(key)
    assert len(trail.aws.client("events").list_rules(NamePrefix="copytrail-")["Rules"]) == 3 + 1
    waiting = trail.sqs.get_queue_attributes(
        QueueUrl=trail.outputs["CopyQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert int(waiting["Attributes"]["ApproximateNumberOfMessages"]) == len(keys)

    trail.copier.resume()
    trail.wait_until_quiet()

    for key in keys:
        assert trail.copy_of(key) == b"body"
        assert [record.outcome for record in trail.records(key)] == [Outcome.COPIED]
    assert trail.copy_of("in/other.z") is None
    assert trail.copy_of("out/key.a") is None


class OtherAccount:
    """Clients of the account that has the source bucket, and the bucket."""

    def __init__(self, trail: Trail) -> None:
        role = f"arn:aws:iam::{THEIR_ACCOUNT}:role/owner"
        given = trail.aws.client("sts").assume_role(RoleArn=role, RoleSessionName="owner")["Credentials"]
        session = boto3.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION
        )
        self._clients: dict[str, Any] = {
            name: session.client(name, endpoint_url=trail.aws.endpoint_url) for name in ("s3", "cloudformation", "sqs")
        }
        self.s3, self.cloudformation, self.sqs = self._clients.values()

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@pytest.fixture
def owner(trail: Trail) -> Iterator[OtherAccount]:
    owner = OtherAccount(trail)
    yield owner
    owner.close()


def test_uploads_to_another_accounts_bucket_are_copied_once_it_forwards_them(
    trail: Trail, owner: OtherAccount, tmp_path: Path
) -> None:
    owner.s3.create_bucket(Bucket=THEIRS)
    on: Any = {"EventBridgeConfiguration": {}}
    owner.s3.put_bucket_notification_configuration(Bucket=THEIRS, NotificationConfiguration=on)
    owner.s3.put_object(Bucket=THEIRS, Key="shared/before", Body=b"before")

    printed = Terminal(tmp_path, trail.aws.environment).run("forwarding-rule", "theirs")
    assert (printed.returncode, printed.stderr) == (0, "")
    owner.cloudformation.create_stack(
        StackName="forwarding", TemplateBody=printed.stdout, Capabilities=["CAPABILITY_IAM"]
    )
    owner.s3.put_object(Bucket=THEIRS, Key="shared/forwarded", Body=b"theirs")
    owner.s3.put_object(Bucket=THEIRS, Key="not on the route", Body=b"theirs")
    trail.wait_until_quiet()

    assert trail.copy_of("theirs/shared/forwarded") == b"theirs"
    [record] = trail.records("shared/forwarded", bucket=THEIRS)
    assert record.outcome == Outcome.COPIED
    assert trail.copy_of("theirs/shared/before") is None
    assert trail.copy_of("theirs/not on the route") is None
    [outputs] = owner.cloudformation.describe_stacks(StackName="forwarding")["Stacks"]
    [url] = [output["OutputValue"] for output in outputs["Outputs"]]
    assert "Messages" not in owner.sqs.receive_message(QueueUrl=url)

    # The bus lets nobody in but by its policy, and what it does not let in waits over there.
    events = trail.aws.client("events")
    [statement] = json.loads(events.describe_event_bus(Name="default")["Policy"])["Statement"]
    events.remove_permission(EventBusName="default", StatementId=statement["Sid"])
    owner.s3.put_object(Bucket=THEIRS, Key="shared/refused", Body=b"theirs")
    trail.wait_until_quiet()
    assert trail.copy_of("theirs/shared/refused") is None
    [waiting] = owner.sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(waiting["Body"])["detail"]["object"]["key"] == "shared/refused"
