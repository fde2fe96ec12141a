"""A stack that is put up, changed and taken down while uploads come in: none is lost on the way."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from moto.cloudformation import parsing
from moto.cloudformation.parsing import ResourceMap

from localaws.deployment import synth
from localaws.embedded import ACCOUNT_ID, REGION, EmbeddedAws
from shared.events import Outcome
from tests.pipeline.trail import Trail

BUSY = "busy"
FIRST: dict[str, Any] = {"buckets": {"source": {"name": BUSY, "existing": True, "publicRead": None}}}
# Another route, and other names for all that can have other ones while uploads come in.
UPDATED: dict[str, Any] = {
    "buckets": {**FIRST["buckets"], "more": {}, "archive": {}},
    "routes": [{"from": "source", "to": "destination"}, {"from": "more", "to": "archive"}],
    "copier": {"functionName": "renamed-copier", "roleName": "renamed-copier-role"},
    "auditor": {"functionName": "renamed-auditor", "roleName": "renamed-auditor-role"},
}


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    """An AWS with a bucket that tells of its uploads already."""
    with EmbeddedAws() as embedded:
        s3 = embedded.client("s3")
        s3.create_bucket(Bucket=BUSY)
        s3.put_bucket_notification_configuration(
            Bucket=BUSY, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        yield embedded


def upload(aws: EmbeddedAws, key: str) -> str:
    aws.client("s3").put_object(Bucket=BUSY, Key=key, Body=b"body")
    return key


@contextmanager
def uploading(aws: EmbeddedAws) -> Iterator[list[str]]:
    """Upload one object after the other until the end of the block; their keys."""
    keys: list[str] = []
    ends = threading.Event()

    def go_on() -> None:
        for number in itertools.count():
            keys.append(upload(aws, f"at-work/{number}"))
            if ends.wait(0.02):
                return

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield keys
    finally:
        ends.set()
        thread.join()


def outcomes(trail: Trail, keys: Sequence[str]) -> dict[str, list[str]]:
    return {key: [record.outcome for record in trail.records(key)] for key in keys}


def copied(trail: Trail, keys: Sequence[str]) -> list[str]:
    return [key for key in keys if trail.copy_of(key) == b"body"]


def after_each_step(monkeypatch: pytest.MonkeyPatch, act: Callable[[str], None]) -> None:
    """Act whenever CloudFormation has made, changed or deleted a function, a mapping or a rule."""

    def telling(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def go_on(*arguments: Any, **named: Any) -> Any:
            result = original(*arguments, **named)
            [kind] = {each["Type"] for each in arguments if isinstance(each, dict) and "Type" in each}
            if kind in {"AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::Events::Rule"}:
                act(f"{name} {kind}")
            return result

        monkeypatch.setattr(owner, name, go_on)

    telling(parsing, "parse_and_create_resource")
    telling(parsing, "parse_and_update_resource")
    telling(ResourceMap, "_delete_resource")


def test_at_no_step_of_a_deployment_an_update_and_a_deletion_is_an_object_copied_without_a_record(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str] = []

    def act(step: str) -> None:
        keys.append(upload(aws, f"{len(keys)} {step}"))
        aws.wait_until_quiet(60)

    after_each_step(monkeypatch, act)
    aws.deploy(FIRST)
    first = len(keys)
    trail = Trail(aws, aws.deploy(UPDATED))
    second = len(keys)
    aws.client("cloudformation").delete_stack(StackName=aws.stack_name)

    with_copy = copied(trail, keys)
    # Once the stack is up, and for as long as it is, each has one.
    assert set(keys[first:second]) <= set(with_copy)
    assert 0 < first < second < len(keys)
    assert outcomes(trail, keys) == {key: [Outcome.COPIED] * (key in with_copy) for key in keys}


def test_no_upload_is_lost_while_a_route_is_added_and_functions_and_roles_are_renamed(aws: EmbeddedAws) -> None:
    before = Trail(aws, aws.deploy(FIRST))
    # What takes long is done before uploads come in.
    synth.synthesize(UPDATED, account_id=ACCOUNT_ID, region=REGION)
    with uploading(aws) as keys:
        after = Trail(aws, aws.deploy(UPDATED))
        under_way = len(keys)
        names = json.loads(after.outputs["BucketNames"])
        after.s3.put_object(Bucket=names["more"], Key="first", Body=b"first")
    after.skip_delays_until_quiet()

    assert under_way > 0
    assert copied(after, keys) == keys
    assert outcomes(after, keys) == {key: [Outcome.COPIED] for key in keys}
    assert after.s3.get_object(Bucket=names["archive"], Key="first")["Body"].read() == b"first"
    assert [record.outcome for record in after.records("first", names["more"])] == [Outcome.COPIED]
    assert after.letters("CopyDlqUrl") + after.letters("AuditDlqUrl") == []
    functions = {each["FunctionName"] for each in aws.client("lambda").list_functions()["Functions"]}
    assert functions == {"renamed-copier", "renamed-auditor"}
    # What holds messages and records is what it was.
    kept = ("CopyQueueUrl", "AuditQueueUrl", "CopyDlqUrl", "AuditDlqUrl", "AuditTableName", "TransferBusName")
    assert {name: after.outputs[name] for name in kept} == {name: before.outputs[name] for name in kept}
