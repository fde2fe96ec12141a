"""`copytrail backfill`, from the objects that were there to their copies."""

import gzip
import hashlib
import io
import json
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pyarrow as pa
import pytest
from pyarrow import parquet

from shared import times
from shared.events import Outcome, Trigger
from shared.operations import OperationKind, Stage
from tests.interception import InterceptedRequest, Reply, aws_json_error, intercept
from tests.operator.conftest import Desk

INVENTORIES = "inventories-of-devops"
ODD_KEYS = ("100%25 sure.txt", "a+b", "ä/\u202egnp.exe", "folder/", 'say "yes",\n', "plain")


@pytest.fixture
def checkpoint(desk: Desk) -> Path:
    """Where the command keeps how far it has come, unless told otherwise."""
    return desk.terminal.home / f"backfill-{desk.aws.stack_name}-{desk.source}.checkpoint.json"


@pytest.fixture
def before(desk: Desk, checkpoint: Path) -> Iterator[Desk]:
    """A desk whose buckets are empty, and whose copier does not run: what is uploaded now is from before the system."""
    desk.copier.pause()
    yield desk
    forget(desk)
    checkpoint.unlink(missing_ok=True)


@pytest.fixture
def inventories(desk: Desk) -> str:
    """A bucket for inventories."""
    desk.s3.create_bucket(Bucket=INVENTORIES)
    return INVENTORIES


def upload_before(desk: Desk, *keys: str, **properties: Any) -> None:
    """Upload objects that the system never hears of."""
    for key in keys:
        desk.upload(key, key.encode(), **properties)
    desk.take_all("CopyQueueUrl")


def forget(desk: Desk) -> None:
    """Empty the buckets and the copy queue."""
    for bucket in (desk.source, desk.destination):
        for found in desk.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            desk.s3.delete_object(Bucket=bucket, Key=found["Key"])
    desk.take_all("CopyQueueUrl")


def requests(desk: Desk) -> list[dict[str, Any]]:
    """Take the requests that wait in the copy queue."""
    return [json.loads(message["Body"])["detail"] for message in desk.take_all("CopyQueueUrl")]


def requested_keys(desk: Desk) -> list[str]:
    return sorted(request["upload"]["key"] for request in requests(desk))


def many(count: int) -> list[str]:
    return [f"old/{number:03}" for number in range(count)]


def test_what_was_there_before_is_copied_and_on_record(before: Desk, checkpoint: Path) -> None:
    upload_before(before, *ODD_KEYS)
    before.copier.resume()

    done = before.run("backfill", "--yes", "--json")
    before.wait_until_quiet()

    told = json.loads(done.stdout)
    assert (done.returncode, told["Requested"]) == (0, len(ODD_KEYS))
    for key in ODD_KEYS:
        assert before.copy_of(key) == key.encode()
        [record] = before.records(key)
        assert (record.outcome, record.trigger) == (Outcome.COPIED, Trigger.BACKFILL)
        assert record.operation_id == told["OperationId"]
        assert record.requested_by == before.aws.client("sts").get_caller_identity()["Arn"]
    ended, began = before.query.operations(record.finished_at - timedelta(hours=1), times.now())
    assert (began.stage, ended.stage) == (Stage.STARTED, Stage.COMPLETED)
    assert began.operation_id == ended.operation_id == told["OperationId"]
    assert (ended.operation, ended.subject, ended.counts) == (
        OperationKind.BACKFILL,
        f"s3://{before.source}",
        {"requested": len(ODD_KEYS)},
    )
    assert not checkpoint.exists()


def test_a_dry_run_tells_all_and_sends_nothing(before: Desk, checkpoint: Path) -> None:
    upload_before(before, *many(12))
    upload_before(before, "cold", StorageClass="GLACIER")
    sent: list[str] = []

    def watch(request: InterceptedRequest) -> Reply | None:
        if request.service == "events":
            sent.append(request.operation)
        return None

    with intercept(before.aws, watch):
        for_a_program = before.run("backfill", "--dry-run", "--json")
        for_a_person = before.show("backfill", "--dry-run", width=80)

    told = json.loads(for_a_program.stdout)
    assert (told["Objects"], told["Size"], told["LeftOut"]) == (12, 12 * 7, {"Archived": 1})
    assert {"Item": "EventBridge", "Amount": 24, "Unit": "custom events", "USD": 0.000024} in told["Cost"]
    assert told["USD"] == pytest.approx(sum(item["USD"] for item in told["Cost"]))
    assert "1 archived (--include-archived" in for_a_person
    assert "without data transfer and storage" in for_a_person
    assert sent == []
    assert requests(before) == []
    assert not checkpoint.exists()


def test_only_what_the_filters_take_is_requested(before: Desk) -> None:
    upload_before(before, "in/a.csv", "in/a.txt", "out/a.csv", *many(2))

    before.run("backfill", "--yes", "--key-prefix", "in/", "--key-glob", "*.csv", "--since", "1h")
    some = requested_keys(before)
    none = before.run("backfill", "--yes", "--until", "2020-01-01")

    assert some == ["in/a.csv"]
    assert none.returncode == 0
    assert "there is nothing to request" in none.stderr
    assert requests(before) == []


def test_killed_in_the_middle_it_goes_on_as_the_same_operation(before: Desk, checkpoint: Path) -> None:
    keys = many(60)
    upload_before(before, *keys)

    with before.popen("backfill", "--yes", "--rate", "20") as running:
        while not checkpoint.exists() or json.loads(checkpoint.read_bytes())["requested"] == 0:
            assert running.returncode is None
            time.sleep(0.01)
        running.kill()
    kept = json.loads(checkpoint.read_bytes())
    first = requests(before)
    done = before.run("backfill", "--yes", "--json")
    rest = requests(before)

    assert 0 < len(first) < len(keys)
    # A request of the killed command may come in after it.
    assert sorted({request["upload"]["key"] for request in rest}) == keys[kept["requested"] :]
    assert sorted({request["upload"]["key"] for request in first + rest}) == keys
    assert {request["requestId"] for request in first + rest} == {kept["operationId"]}
    assert f"{kept['requested']} of 60 copies requested" in done.stderr
    assert json.loads(done.stdout)["Requested"] == 60
    assert not checkpoint.exists()


def test_ctrl_c_says_how_to_go_on(before: Desk, checkpoint: Path) -> None:
    upload_before(before, *many(30))

    with before.popen("backfill", "--yes", "--rate", "5") as running:
        while not checkpoint.exists():
            assert running.returncode is None
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        told = running.communicate()[1]
    before.run("backfill", "--yes")

    assert running.returncode == 130, told
    assert f"copies requested; the same command goes on from {checkpoint.name}" in told
    assert sorted(set(requested_keys(before))) == many(30)


def test_credentials_that_expire_lose_nothing(before: Desk, inventories: str) -> None:
    keys = many(60)
    upload_before(before, *keys)
    url = put_csv(before, inventories, keys)
    calls: list[str] = []

    def expire(request: InterceptedRequest) -> Reply | None:
        if request.operation != "PutEvents":
            return None
        calls.append(request.operation)
        # The first one says that the operation begins.
        return aws_json_error("ExpiredTokenException", "The security token has expired") if len(calls) > 3 else None

    with intercept(before.aws, expire):
        refused = before.run("backfill", "--yes", "--manifest", url)
    first = requested_keys(before)
    before.run("backfill", "--yes", "--manifest", url)

    assert refused.returncode == 2
    assert "Error: the AWS credentials have expired" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(first) == 20
    assert sorted({*first, *requested_keys(before)}) == keys


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_an_inventory_is_gone_by(before: Desk, inventories: str, kind: str) -> None:
    upload_before(before, *ODD_KEYS)
    put = put_csv if kind == "CSV" else put_parquet

    done = before.run("backfill", "--yes", "--manifest", put(before, inventories, [*ODD_KEYS, "gone"]))

    assert done.returncode == 0
    found = requests(before)
    assert sorted(request["upload"]["key"] for request in found) == sorted([*ODD_KEYS, "gone"])
    [plain] = [request["upload"] for request in found if request["upload"]["key"] == "plain"]
    assert plain["etag"] == hashlib.md5(b"plain", usedforsecurity=False).hexdigest()
    assert (plain["size"], plain["uploadedAt"]) == (5, "2026-11-01T00:00:00Z")


def test_what_the_inventory_does_not_tell_is_looked_up(before: Desk, inventories: str) -> None:
    upload_before(before, "there")
    files = [put_file(before, inventories, "0.csv.gz", gzip.compress(b'"uploads","there","5"\n"uploads","gone","5"\n'))]
    url = put_manifest(before, inventories, files, fileFormat="CSV", fileSchema="Bucket, Key, Size")

    done = before.run("backfill", "--yes", "--manifest", url, "--json")

    assert (json.loads(done.stdout)["Requested"], json.loads(done.stdout)["SourceDeleted"]) == (1, 1)
    [request] = requests(before)
    assert request["upload"]["etag"] == hashlib.md5(b"there", usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--yes", "--bucket", "nowhere"], 2, "begins at bucket 'nowhere': its source buckets are devops-public-5607"),
        (["--yes", "--since", "soon"], 2, "'soon' is not a moment"),
        (["--yes", "--manifest", "s3://devops-public-5607/none.json"], 1, "NoSuchKey: s3:GetObject on s3://devops-"),
        ([], 2, "there is nobody to ask: add --yes"),
    ],
)
def test_a_mistake_is_one_line(before: Desk, checkpoint: Path, arguments: list[str], code: int, line: str) -> None:
    upload_before(before, "a")

    refused = before.run("backfill", *arguments)

    assert refused.returncode == code
    [error] = [each for each in refused.stderr.splitlines() if each.startswith("Error: ")]
    assert line in error
    assert "Traceback" not in refused.stderr
    assert requests(before) == []
    assert not checkpoint.exists()


def test_a_checkpoint_that_cannot_be_written_is_told_before_the_look(before: Desk) -> None:
    upload_before(before, "a")

    refused = before.run("backfill", "--yes", "--checkpoint", "no/such/folder.json")

    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "no/such/folder.json cannot be written (No such file or directory): name another" in refused.stderr
    assert requests(before) == []


def test_a_checkpoint_of_something_else_is_left_as_it_is(before: Desk, checkpoint: Path) -> None:
    upload_before(before, *many(20))
    with before.popen("backfill", "--yes", "--rate", "5", "--key-prefix", "old/") as running:
        while not checkpoint.exists():
            assert running.returncode is None
            time.sleep(0.01)
        running.kill()
    whole = checkpoint.read_bytes()

    other = before.run("backfill", "--yes", "--key-prefix", "new/")
    checkpoint.write_bytes(whole[:100])
    damaged = before.run("backfill", "--yes", "--key-prefix", "old/")

    assert (other.returncode, damaged.returncode) == (2, 2)
    assert f"{checkpoint.name} is of another backfill" in other.stderr
    assert "with other --key-prefix: name another with --checkpoint" in other.stderr
    assert f"{checkpoint.name} is no whole checkpoint, and is left as it is" in damaged.stderr
    assert checkpoint.read_bytes() == whole[:100]


def put_csv(desk: Desk, bucket: str, keys: list[str]) -> str:
    """Put an inventory of these keys into a bucket, in two files; the manifest's address."""
    half = len(keys) // 2
    files = []
    for number, some in enumerate((keys[:half], keys[half:])):
        rows = [(desk.source, quote_plus(key, safe="/"), *facts(key)) for key in some]
        text = "".join(",".join(f'"{value}"' for value in row) + "\n" for row in rows)
        files.append(put_file(desk, bucket, f"{number}.csv.gz", gzip.compress(text.encode())))
    return put_manifest(
        desk, bucket, files, fileFormat="CSV", fileSchema="Bucket, Key, Size, LastModifiedDate, ETag, StorageClass"
    )


def put_parquet(desk: Desk, bucket: str, keys: list[str]) -> str:
    """Put an inventory of these keys into a bucket; the manifest's address."""
    names = ["bucket", "key", "size", "last_modified_date", "e_tag", "storage_class"]
    rows = [dict(zip(names, (desk.source, key, *facts(key)), strict=True)) for key in keys]
    table = pa.Table.from_pylist(rows)
    moments = table["last_modified_date"].cast(pa.timestamp("ms", tz="UTC"))
    content = io.BytesIO()
    parquet.write_table(table.set_column(3, "last_modified_date", moments), content, compression="snappy")
    file = put_file(desk, bucket, "0.parquet", content.getvalue())
    return put_manifest(desk, bucket, [file], fileFormat="Parquet", fileSchema="message s3.inventory { }")


def facts(key: str) -> tuple[int, str, str, str]:
    content = key.encode()
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return len(content), "2026-11-01T00:00:00.000Z", etag, "STANDARD"


def put_file(desk: Desk, bucket: str, name: str, content: bytes) -> dict[str, Any]:
    desk.s3.put_object(Bucket=bucket, Key=f"data/{name}", Body=content)
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return {"key": f"data/{name}", "size": len(content), "MD5checksum": checksum}


def put_manifest(desk: Desk, bucket: str, files: list[dict[str, Any]], **other: Any) -> str:
    """Put a manifest into a bucket; its address."""
    told = {
        "sourceBucket": desk.source,
        "destinationBucket": f"arn:aws:s3:::{bucket}",
        "version": "2016-11-30",
        "creationTimestamp": "1793491200000",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": files,
        **other,
    }
    content = json.dumps(told).encode()
    key = f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}/manifest.json"
    desk.s3.put_object(Bucket=bucket, Key=key, Body=content)
    return f"s3://{bucket}/{key}"


def test_while_one_is_at_work_another_is_refused_and_once_it_is_killed_the_next_goes_on(
    before: Desk, checkpoint: Path
) -> None:
    upload_before(before, *many(30))
    with before.popen("backfill", "--yes", "--rate", "5") as first:
        while not checkpoint.exists():
            time.sleep(0.02)
        second = before.run("backfill", "--yes")
        first.kill()
    third = before.run("backfill", "--yes")

    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == (
        f"Error: another backfill is at work with {checkpoint.name}: wait for its end, stop it, or name another with"
        " --checkpoint\n"
    )
    assert third.returncode == 0, third.stderr
    assert list(before.terminal.home.glob("*.checkpoint.json*")) == []
