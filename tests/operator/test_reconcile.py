"""`copytrail reconcile`, from what is wrong in the buckets to its repair."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import click
import pytest

from shared import times
from shared.events import Outcome, Trigger
from shared.operations import OperationKind, Stage
from tests.interception import InterceptedRequest, Reply, intercept
from tests.operator.conftest import Desk

ODD_KEYS = ("100%25 sure.txt", "a+b", "ä/\u202egnp.exe", "folder/", 'say "yes",\n\x01', "plain")
NOW = ("--in-flight-since", "0s")
CLEAN, REFUSED, MISUSED, DIFFERENT = 0, 1, 2, 3


@pytest.fixture(autouse=True)
def emptied(desk: Desk) -> Iterator[None]:
    """Buckets without objects after each test; what is on record stays, so each test has keys of its own."""
    yield
    for bucket in (desk.source, desk.destination):
        for found in desk.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            desk.s3.delete_object(Bucket=bucket, Key=found["Key"])
    desk.take_all("CopyQueueUrl")


def upload_unseen(desk: Desk, key: str, **properties: Any) -> None:
    """Upload what the system never hears of."""
    desk.copier.pause()
    desk.upload(key, **properties)
    desk.take_all("CopyQueueUrl")
    desk.copier.resume()


def reconcile(desk: Desk, *arguments: str) -> tuple[int, dict[str, tuple[str, str]], dict[str, Any]]:
    """The exit code, kind and aspects of each difference by key, and the summary."""
    done = desk.run("reconcile", *NOW, "--json", *arguments)
    *differences, summary = [json.loads(line) for line in done.stdout.splitlines()]
    found = {each["ObjectKey"]: (each["Kind"], ",".join(each.get("Aspects", ()))) for each in differences}
    return done.returncode, found, summary


def counts(summary: dict[str, Any]) -> dict[str, int]:
    [route] = summary["Routes"]
    return {kind: each["Objects"] for kind, each in route.items() if isinstance(each, dict) and each["Objects"]}


def test_what_was_copied_is_the_same_whatever_its_key(desk: Desk) -> None:
    for key in ODD_KEYS:
        desk.upload(key, key.encode(), Metadata={"owner": "ops"}, Tagging="a=1", ContentType="text/x-odd")
    desk.wait_until_quiet()

    for arguments in ((), ("--deep",), ("--without-records",), ("--since", "1h"), ("--since", "0001-01-01")):
        code, found, summary = reconcile(desk, *arguments)
        assert (code, found, counts(summary)) == (CLEAN, {}, {"Same": len(ODD_KEYS)})


def test_every_kind_of_difference_is_found_and_repaired(desk: Desk) -> None:
    keys = [f"all/{key}" for key in ODD_KEYS]
    gone, resized, relabelled, rewritten, *_ = keys
    for key in keys:
        desk.upload(key, b"12345", Metadata={"owner": "ops"})
    desk.wait_until_quiet()
    there = desk.destination
    desk.s3.delete_object(Bucket=there, Key=gone)
    desk.s3.put_object(Bucket=there, Key=resized, Body=b"123", Metadata={"owner": "ops"})
    desk.s3.put_object(Bucket=there, Key=relabelled, Body=b"12345", Metadata={"owner": "nobody"})
    desk.s3.put_object(Bucket=there, Key=rewritten, Body=b"54321", Metadata={"owner": "ops"})
    desk.s3.put_object(Bucket=there, Key="all/extra")
    upload_unseen(desk, "all/missing +%2B\n")
    upload_unseen(desk, "all/cold", StorageClass="GLACIER")
    upload_unseen(desk, "all/twin")
    desk.s3.put_object(Bucket=there, Key="all/twin", Body=b"body")
    repairable = {
        gone: ("CopyDeleted", ""),
        resized: ("Different", "size"),
        rewritten: ("Different", "checksum"),
        "all/missing +%2B\n": ("Missing", ""),
    }
    others = {"all/extra": ("NoSource", ""), "all/cold": ("Missing", ""), "all/twin": ("NoRecord", "")}
    only = ("--key-prefix", "all/")

    code, found, summary = reconcile(desk, *only)
    assert (code, found) == (DIFFERENT, repairable | others)
    assert summary["Differences"] == len(repairable) + len(others) - 1
    _, found, _ = reconcile(desk, *only, "--deep")
    assert found == repairable | others | {relabelled: ("Different", "metadata")}

    code, _, summary = reconcile(desk, *only, "--deep", "--repair", "--yes", "--rate", "1000")
    desk.wait_until_quiet()
    assert (code, summary["Repair"]["Requested"]) == (DIFFERENT, len(repairable) + 1)
    for key in (*repairable, relabelled):
        record = max(desk.records(key), key=lambda record: record.finished_at)
        assert (record.outcome, record.trigger) == (Outcome.COPIED, Trigger.RECONCILE)
        assert record.operation_id == summary["Repair"]["OperationId"]
    assert desk.s3.head_object(Bucket=there, Key=relabelled)["Metadata"] == {"owner": "ops"}
    ended, began = list(desk.query.operations(times.now() - timedelta(hours=1), times.now()))[:2]
    assert (began.operation, began.stage, ended.stage) == (OperationKind.REPAIR, Stage.STARTED, Stage.COMPLETED)
    assert (began.subject, began.filters) == (f"s3://{desk.source}", {"key-prefix": "all/", "deep": "True"})
    assert (ended.operation_id, ended.counts) == (summary["Repair"]["OperationId"], {"requested": 5})

    _, found, _ = reconcile(desk, *only, "--deep")
    assert found == others
    for key in ("all/cold", "all/twin"):
        desk.s3.delete_object(Bucket=desk.source, Key=key)
    code, found, _ = reconcile(desk, *only, "--deep")
    assert (code, {kind for kind, _ in found.values()}) == (CLEAN, {"NoSource"})


def test_what_is_at_neither_end_any_more_is_gone(desk: Desk) -> None:
    desk.upload("lost/for-ever")
    desk.wait_until_quiet()
    for bucket in (desk.source, desk.destination):
        desk.s3.delete_object(Bucket=bucket, Key="lost/for-ever")

    code, found, summary = reconcile(desk, "--key-prefix", "lost/", "--repair", "--yes")
    assert (code, found) == (DIFFERENT, {"lost/for-ever": ("CopyDeleted", "")})
    assert "Repair" not in summary
    assert reconcile(desk, "--key-prefix", "lost/", "--without-records")[:2] == (CLEAN, {})


def test_a_new_upload_is_no_difference_yet(desk: Desk) -> None:
    upload_unseen(desk, "new/upload")
    done = desk.run("reconcile", "--key-prefix", "new/")
    assert (done.returncode, done.stdout) == (CLEAN, "")
    assert "0 Same, 1 InFlight" in done.stderr
    assert reconcile(desk, "--key-prefix", "new/")[0] == DIFFERENT


def test_a_copy_deleted_by_hand_is_gone_at_once(desk: Desk) -> None:
    desk.upload("by/hand")
    desk.wait_until_quiet()
    desk.s3.delete_object(Bucket=desk.destination, Key="by/hand")
    done = desk.run("reconcile", "--key-prefix", "by/", "--json")
    found, summary = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, found["Kind"], summary["Differences"]) == (DIFFERENT, "CopyDeleted", 1)


def test_a_copy_that_arrives_while_the_buckets_are_listed_is_no_difference(desk: Desk) -> None:
    upload_unseen(desk, "late/copy")

    def arrive(request: InterceptedRequest) -> Reply | None:
        if request.operation != "ListObjectsV2" or request.bucket != desk.destination:
            return None
        listing = request.forward()
        desk.s3.copy_object(
            Bucket=desk.destination, Key="late/copy", CopySource={"Bucket": desk.source, "Key": "late/copy"}
        )
        return listing

    with intercept(desk.aws, arrive):
        code, found, summary = reconcile(desk, "--key-prefix", "late/", "--without-records")
    assert (code, found, counts(summary)) == (CLEAN, {}, {"Same": 1})


def test_nothing_is_requested_without_a_yes(desk: Desk) -> None:
    upload_unseen(desk, "unasked/for")
    sent: list[str] = []

    def watch(request: InterceptedRequest) -> Reply | None:
        if request.service == "events":
            sent.append(request.operation)
        return None

    with intercept(desk.aws, watch):
        unattended = desk.run("reconcile", *NOW, "--repair")
        pointless = desk.run("reconcile", *NOW, "--yes")
        nothing = desk.run("reconcile", *NOW, "--repair", "--yes", "--key-prefix", "nothing/")
    assert (unattended.returncode, unattended.stdout) == (MISUSED, "")
    assert "add --yes" in unattended.stderr
    assert pointless.returncode == MISUSED
    assert nothing.returncode == CLEAN
    assert "no object and no record matches" in nothing.stderr
    assert sent == []
    assert len(unattended.stderr.splitlines()) == len(pointless.stderr.splitlines()) == 1


@pytest.mark.parametrize("width", [80, 140])
def test_a_person_sees_the_first_differences_and_the_sums(desk: Desk, width: int) -> None:
    for number in range(25):
        upload_unseen(desk, f"seen/{number:02}\u202e\x1b[2J")
    shown = desk.show("reconcile", *NOW, "--key-prefix", "seen/", width=width)
    assert "seen/00\\u202e\\x1b[2J" in shown
    assert "seen/20" not in shown
    assert "… and 5 more" in shown
    assert f"route 1: s3://{desk.source} → s3://{desk.destination}/" in shown
    assert "copytrail dlq ls" in shown
    assert "\u202e" not in shown
    rows = [click.unstyle(line) for line in shown.splitlines() if "Missing" in line]
    assert len(rows) == 21
    assert all(len(row) <= width for row in rows)


def test_a_refusal_is_one_line(desk: Desk) -> None:
    def refuse(request: InterceptedRequest) -> Reply | None:
        if request.operation == "ListObjectsV2" and request.bucket == desk.destination:
            return Reply(403, {}, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
        return None

    with intercept(desk.aws, refuse):
        done = desk.run("reconcile")
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert done.stderr == f"Error: AccessDenied: s3:ListBucket on {desk.destination}: Access Denied\n"
    unknown = desk.run("reconcile", "--route", "2")
    assert unknown.returncode == MISUSED
    assert "there is no route '2'" in unknown.stderr


def test_a_record_that_is_none_hides_no_other(desk: Desk) -> None:
    for key in ("odd/good", "odd/bad"):
        desk.upload(key)
    desk.wait_until_quiet()
    [bad] = desk.records("odd/bad")
    place = {"TableName": desk.outputs["AuditTableName"], "Key": {"LogID": {"S": bad.log_id}}}
    for odd in ({"S": "large"}, {"N": "9" * 38}):
        desk.dynamodb.update_item(
            **place,
            UpdateExpression="SET #size = :odd",
            ExpressionAttributeNames={"#size": "Size"},
            ExpressionAttributeValues={":odd": odd},
        )
        done = desk.run("reconcile", *NOW, "--json", "--key-prefix", "odd/")
        *differences, _ = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(each["ObjectKey"], each["Kind"]) for each in differences] == [("odd/bad", "NoRecord")]
        assert f"such as {bad.log_id}" in done.stderr
        assert "1 record that this version cannot read" in desk.run("status").stdout
    desk.dynamodb.delete_item(**place)
