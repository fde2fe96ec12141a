"""`copytrail audit export`, as installed, beside the deployed system."""

import csv
import gzip
import io
import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from localaws.embedded import REGION
from services.auditor.ledger import DynamoDbLedger
from shared import times
from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.record import Record
from shared.operations import Operation, OperationKind, Stage
from tests.fakes.outcomes import a_record, an_upload, copied, failed
from tests.interception import InterceptedRequest, Reply, aws_json_error, intercept
from tests.operator.conftest import Desk

FORMULA = '=HYPERLINK("http://x/")'
BROKEN = "two\nlines;=1"


@pytest.fixture(scope="module")
def records(deployed: Desk) -> list[Record]:
    """What is in the table: two uploads whose keys a spreadsheet would misread, and what was there some days before."""
    for key in (FORMULA, BROKEN):
        deployed.upload(key)
    deployed.wait_until_quiet()
    ledger = DynamoDbLedger(deployed.dynamodb, deployed.outputs["AuditTableName"])
    earlier = times.now() - timedelta(days=3)
    older = [
        a_record(ending(an_upload(key=f"older/{number}", uploaded_at=earlier + timedelta(minutes=number))))
        for number, ending in enumerate([copied, copied, failed])
    ]
    for record in older:
        ledger.append(record)
    newer = [record for key in (FORMULA, BROKEN) for record in deployed.records(key)]
    return older + sorted(newer, key=lambda record: (record.finished_at, record.log_id))


def exported(desk: Desk, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """An export that must succeed."""
    result = desk.run("audit", "export", *map(str, arguments))
    assert result.returncode == 0, result.stderr
    return result


def manifest_of(file: Path) -> dict[str, Any]:
    """What is said of a file beside it."""
    manifest: dict[str, Any] = json.loads(file.with_name(f"{file.name}.manifest.json").read_bytes())
    return manifest


def test_csv_has_every_record_oldest_first_and_nothing_that_a_spreadsheet_would_calculate(
    desk: Desk, records: list[Record], tmp_path: Path
) -> None:
    file = tmp_path / "all.csv"

    said = exported(desk, file, "--since", "7d")

    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["LogID"] for row in rows] == [record.log_id for record in records]
    assert {row["ObjectKey"] for row in rows} >= {f"'{FORMULA}", "two\nlines;'=1", "older/0"}
    assert re.fullmatch(r"5 records, [0-9.]+ KiB, in \S+/all\.csv\n", said.stderr)
    assert said.stdout == ""


def test_the_manifest_says_what_was_exported_and_its_hash_is_that_of_the_file(
    desk: Desk, records: list[Record], tmp_path: Path
) -> None:
    file = tmp_path / "failed.jsonl.gz"

    exported(desk, file, "--since", "7d", "--outcome", "failed", "--key-prefix", "older/")

    manifest = manifest_of(file)
    lines = gzip.decompress(file.read_bytes()).splitlines()
    assert [json.loads(line) for line in lines] == [records[2].attributes()]
    checked = subprocess.run(
        ["sha256sum", "--check"],  # noqa: S607 - coreutils, as an operator has it
        cwd=tmp_path,
        input=f"{manifest['Sha256']}  {manifest['File']}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "failed.jsonl.gz: OK\n")
    assert manifest["Filter"].keys() == {"since", "outcome", "key-prefix"}
    assert {
        name: manifest[name] for name in ("Format", "Compression", "Count", "Size", "Table", "Stack", "Region")
    } == {
        "Format": "jsonl",
        "Compression": "gzip",
        "Count": 1,
        "Size": file.stat().st_size,
        "Table": desk.outputs["AuditTableName"],
        "Stack": desk.aws.stack_name,
        "Region": REGION,
    }
    assert manifest["ExportedBy"].startswith("arn:aws:")
    assert manifest["Columns"][:2] == ["LogID", "Outcome"]


def test_parquet_has_keys_exactly_and_sizes_as_numbers(desk: Desk, records: list[Record], tmp_path: Path) -> None:
    file = tmp_path / "all.parquet"

    exported(desk, file, "--since", "7d")

    rows = pyarrow.parquet.read_table(file).to_pylist()
    assert [(row["ObjectKey"], row["Size"], row["FinishedAt"]) for row in rows] == [
        (record.object_key, record.size, record.finished_at) for record in records
    ]
    assert manifest_of(file)["Count"] == len(records)


def test_stdout_gets_the_records_and_nothing_else(desk: Desk, records: list[Record]) -> None:
    result = exported(desk, "-", "--format", "jsonl", "--since", "7d")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [record.attributes() for record in records]


@pytest.mark.usefixtures("records")
def test_a_terminal_shows_what_would_move_its_cursor(desk: Desk) -> None:
    shown = desk.show("audit", "export", "-", "--format", "csv")
    assert r"two\nlines" in shown
    assert re.search(r"2 records of the last 24 h, \S+ \w+; --since 7d exports more", shown)


@pytest.mark.usefixtures("records")
def test_filters_that_match_nothing_say_so_and_touch_nothing(desk: Desk, tmp_path: Path) -> None:
    result = exported(desk, tmp_path / "none.csv", "--since", "7d", "--key-prefix", "nowhere/")
    assert re.fullmatch(r"no record matches --since \S+ --key-prefix nowhere/: nothing is exported\n", result.stderr)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["there.csv"], "there.csv exists already, and is left as it is: name another file"),
        (["new.xlsx"], "'new.xlsx' does not say which format: end it with .csv, .jsonl or .parquet, or add --format"),
        (["-"], "stdout needs a format: add --format csv or --format jsonl"),
        (["no/such/folder/new.csv"], "no/such/folder cannot be written to (No such file or directory)"),
        ([], "name a FILE to export to, - for stdout, or --to-s3 s3://BUCKET/PREFIX"),
        (["--to-s3", "my-bucket"], "'my-bucket' is no place to export to: write s3://BUCKET/PREFIX"),
        (["--to-s3", "s3://exports/it's"], "'s3://exports/it's' is no place to export to"),
        (
            ["new.csv", "--to-s3", "s3://exports", "--since", "1h"],
            "--to-s3 exports all of the table, to S3 only: leave out [FILE], --since",
        ),
    ],
)
@pytest.mark.usefixtures("records")
def test_what_cannot_be_is_one_line_and_nothing_is_touched(desk: Desk, arguments: list[str], says: str) -> None:
    there = desk.terminal.home / "there.csv"
    there.write_text("mine")

    result = desk.run("audit", "export", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert [file.name for file in desk.terminal.home.iterdir() if "csv" in file.name] == ["there.csv"]
    assert there.read_text() == "mine"


def begun(folder: Path) -> list[str]:
    """What is in a folder, as soon as anything is."""
    give_up_at = time.monotonic() + 10
    while not (names := [file.name for file in folder.iterdir()]) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    return names


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_no_half_file(desk: Desk, tmp_path: Path, sent: signal.Signals) -> None:
    reached, released = threading.Event(), threading.Event()
    of_today = f"{times.now().date().isoformat()}#"

    def hold(request: InterceptedRequest) -> Reply | None:
        if request.operation == "Query" and of_today in request.body.decode():
            reached.set()
            released.wait(20)
        return None

    with intercept(desk.aws, hold):
        running = desk.popen("audit", "export", str(tmp_path / "half.csv"), "--since", "4d")
        assert reached.wait(20)
        under_way = begun(tmp_path)
        running.send_signal(sent)
        released.set()
        _, errors = running.communicate(timeout=20)

    assert (running.returncode, errors) == (130, "")
    assert under_way != []
    assert "half.csv" not in under_way
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def bucket(desk: Desk) -> Iterator[str]:
    """A bucket to export to."""
    desk.s3.create_bucket(Bucket="exports")
    yield "exports"
    for found in desk.s3.list_objects_v2(Bucket="exports").get("Contents", []):
        desk.s3.delete_object(Bucket="exports", Key=found["Key"])
    desk.s3.delete_bucket(Bucket="exports")


@pytest.mark.parametrize("place", ["s3://exports/audit/2026/", "s3://exports"])
def test_to_s3_exports_all_of_the_table_and_prints_how_athena_reads_it(
    desk: Desk, records: list[Record], bucket: str, place: str
) -> None:
    table_name = desk.outputs["AuditTableName"]
    operation = Operation(
        operation_id="o-1",
        kind=OperationKind.REPLAY,
        stage=Stage.STARTED,
        subject="copy DLQ",
        performed_by="arn:me",
        at=times.now(),
    )
    desk.dynamodb.put_item(TableName=table_name, Item=OperationRecord.of(operation, times.now()).to_item())

    printed = exported(desk, "--to-s3", place).stdout

    assert re.match(rf"-- arn:aws:dynamodb:\S+:table/{table_name}/export/\S+\n-- COMPLETED", printed)
    [location] = re.findall(rf"LOCATION 's3://{bucket}/(\S+/)';", printed)
    items = list(items_under(desk, bucket, location))
    in_the_table = desk.dynamodb.scan(TableName=table_name, ConsistentRead=True)["Items"]
    assert sorted(items, key=str) == sorted(in_the_table, key=str)
    assert len(items) > len(records)
    fields = dict(re.findall(r"`(\w+)`:struct<([SN]):string>", printed))
    for item in items:
        for index_only in ("SourceObject", "DayShard", "FinishedOrder"):
            item.pop(index_only, None)
        assert fields.items() >= {name: next(iter(value)) for name, value in item.items()}.items()


def items_under(desk: Desk, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """What a table at this place has, as Athena would read it."""
    for found in desk.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        data = desk.s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
        yield from (json.loads(line)["Item"] for line in io.BytesIO(gzip.decompress(data)))


def test_to_s3_without_the_bucket_says_so_in_one_line(desk: Desk) -> None:
    result = desk.run("audit", "export", "--to-s3", "s3://no-such-bucket/audit")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "did not export to s3://no-such-bucket/audit (S3NoSuchBucket: " in result.stderr
    assert "CREATE" not in result.stdout


def test_to_s3_without_point_in_time_recovery_says_how_to_turn_it_on(desk: Desk, bucket: str) -> None:
    table = desk.outputs["AuditTableName"]
    desk.dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )

    result = desk.run("audit", "export", "--to-s3", f"s3://{bucket}")

    desk.dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert f"table {table} has no point-in-time recovery, which its export needs: turn it on with" in result.stderr


def test_to_s3_without_the_permission_says_which(desk: Desk, bucket: str) -> None:
    def refuse(request: InterceptedRequest) -> Reply | None:
        if request.operation == "ExportTableToPointInTime":
            return aws_json_error("AccessDeniedException", "not authorized to perform it")
        return None

    with intercept(desk.aws, refuse):
        result = desk.run("audit", "export", "--to-s3", f"s3://{bucket}")

    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "AccessDenied: dynamodb:ExportTableToPointInTime on " in result.stderr
