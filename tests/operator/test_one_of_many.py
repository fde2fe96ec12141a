"""One object that S3 does not tell of never stops a command that goes over many."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.interception import InterceptedRequest, Reply, intercept
from tests.operator.conftest import Desk
from tests.operator.dead_letters import keys_in, put_failed

CONTEXT = {
    "buckets": {"source": {}, "destination": {}},
    "routes": [{"from": "source", "to": "destination", "destinationPrefix": "copies/"}],
}
# With what S3 keeps of it, an object may be one that botocore cannot tell of, or that S3 does not tell everybody of.
HEADERS = {"Last-Modified": "never", "Content-Length": "4", "ETag": '"e"'}


@pytest.fixture(autouse=True)
def unheard_of(desk: Desk) -> Iterator[None]:
    """What is uploaded is from before the system; nothing of it is left after the test."""
    desk.copier.pause()
    yield
    desk.take_all("CopyQueueUrl")
    for bucket in (desk.source, desk.destination):
        for found in desk.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            desk.s3.delete_object(Bucket=bucket, Key=found["Key"])


def refusing(reply: Reply, *keys: str) -> Callable[[InterceptedRequest], Reply | None]:
    return lambda request: reply if request.operation == "HeadObject" and request.key in keys else None


REPLIES = [Reply(400), Reply(403), Reply(200, HEADERS)]


def put_with_expires(desk: Desk, key: str, expires: str) -> None:
    """Upload with any text in the header, which boto3 takes dates for only."""

    def set_expires(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["Expires"] = expires

    desk.s3.meta.events.register("before-call.s3.PutObject", set_expires, unique_id="expires")
    desk.upload(key)
    desk.s3.meta.events.unregister("before-call.s3.PutObject", unique_id="expires")


@pytest.mark.parametrize("reply", REPLIES, ids=["400", "403", "no date"])
def test_reconcile_tells_of_it_with_the_reason_and_compares_the_rest(desk: Desk, reply: Reply) -> None:
    for key in ("a", "b", "c"):
        desk.upload(key)
    with intercept(desk.aws, refusing(reply, "b")):
        done = desk.run("reconcile", "--in-flight-since", "0s", "--json")

    *found, summary = map(json.loads, done.stdout.splitlines())
    assert [(each["ObjectKey"], each["Kind"], "Message" in each) for each in found] == [
        ("a", "Missing", False),
        ("b", "Missing", True),
        ("c", "Missing", False),
    ]
    assert f"s3:GetObject on s3://{desk.source}/b: " in found[1]["Message"]
    assert summary["Routes"][0]["HeadFailed"] == 1
    assert done.returncode == 1
    assert done.stderr.endswith("Error: 1 object could not be read\n")


@pytest.mark.parametrize("expires", ["", "0", "-1", "never", "Wed, 21 Oct 2037 07:28:00 +0200"])
def test_whatever_an_expires_is_reconcile_and_replay_read_it(desk: Desk, expires: str) -> None:
    put_with_expires(desk, "odd", expires)
    assert desk.run("reconcile", "--in-flight-since", "0s", "--deep").returncode == 3
    put_failed(desk, "other")
    put_with_expires(desk, "other", expires)
    replayed = desk.run("dlq", "replay", "--yes")
    assert (replayed.returncode, replayed.stderr.count("Traceback")) == (0, 0)
    desk.letters("CopyDlqUrl")


def test_a_key_that_grows_too_long_is_a_difference_that_no_repair_requests(desk: Desk) -> None:
    long = "k" * 1020
    for key in ("a", long, "z"):
        desk.upload(key)
    desk.take_all("CopyQueueUrl")

    done = desk.run("reconcile", "--in-flight-since", "0s", "--json", "--repair", "--yes")

    *found, summary = map(json.loads, done.stdout.splitlines())
    assert [each["Kind"] for each in found] == ["Missing"] * 3
    assert found[1]["Message"] == "its key at the destination would have 1,027 bytes, and S3 takes 1,024"
    assert (summary["Repair"]["Requested"], summary["Routes"][0]["TooLong"]) == (2, 1)
    assert done.returncode == 3
    assert "1 can have no copy, as its key would be too long" in done.stderr
    asked = [json.loads(message["Body"])["detail"]["upload"]["key"] for message in desk.take_all("CopyQueueUrl")]
    assert sorted(asked) == ["a", "z"]
    left_out = desk.run("backfill", "--dry-run", "--json")
    assert json.loads(left_out.stdout)["LeftOut"] == {"TooLong": 1}


@pytest.mark.parametrize("reply", REPLIES, ids=["400", "403", "no date"])
def test_replay_tells_of_it_with_the_reason_and_replays_the_rest(desk: Desk, reply: Reply) -> None:
    for key in ("a", "b"):
        put_failed(desk, key)
    with intercept(desk.aws, refusing(reply, "b")):
        done = desk.run("dlq", "replay", "--yes")

    told = [line.split("\t") for line in done.stdout.splitlines()]
    [unknown] = [row for row in told if row[0] == "NotKnown"]
    assert unknown[3] == f"s3://{desk.source}/b"
    assert f"s3:GetObject on s3://{desk.source}/b: " in unknown[4]
    assert keys_in(desk, "CopyQueueUrl") == ["a", "b"]
    assert done.returncode == 1
    assert done.stderr.endswith("Error: the source of 1 letter could not be checked\n")


@pytest.mark.parametrize("reply", REPLIES, ids=["400", "403", "no date"])
def test_backfill_tells_of_it_with_the_reason_and_requests_the_rest(desk: Desk, reply: Reply) -> None:
    for key in ("a", "b", "c"):
        desk.upload(key)
    desk.take_all("CopyQueueUrl")
    rows = gzip.compress("".join(f'"{desk.source}","{key}","4"\n' for key in ("a", "b", "c")).encode())
    desk.s3.create_bucket(Bucket="inventories")
    desk.s3.put_object(Bucket="inventories", Key="0.csv.gz", Body=rows)
    manifest = {
        "sourceBucket": desk.source,
        "destinationBucket": "arn:aws:s3:::inventories",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "0.csv.gz", "MD5checksum": hashlib.md5(rows, usedforsecurity=False).hexdigest()}],
    }
    desk.s3.put_object(Bucket="inventories", Key="manifest.json", Body=json.dumps(manifest).encode())

    with intercept(desk.aws, refusing(reply, "b")):
        done = desk.run("backfill", "--manifest", "s3://inventories/manifest.json", "--yes", "--json")

    failed, ended = map(json.loads, done.stdout.splitlines())
    assert (failed["ObjectKey"], failed["Message"].startswith(f"s3:GetObject on s3://{desk.source}/b: ")) == ("b", True)
    assert (ended["Requested"], ended["Failed"], ended["SourceDeleted"]) == (2, 1, 0)
    assert done.returncode == 1
    asked = [json.loads(message["Body"])["detail"]["upload"]["key"] for message in desk.take_all("CopyQueueUrl")]
    assert sorted(asked) == ["a", "c"]
