"""An S3 Inventory, as a backfill goes over it."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from ops.backfill.inventory import Inventory, read_manifest
from ops.backfill.objects import Position, SourceObject
from ops.errors import CommandError, UsageError
from ops.params.keys import S3Url
from shared.errors import CopytrailError
from tests.unit.ops.backfill.examples import FakeInventoryBucket, csv_file, manifest

PLACE = S3Url("inventories", "daily/manifest.json")
VERSIONS = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"


def inventory(bucket: FakeInventoryBucket, content: bytes, *, needs_dates: bool = False) -> Inventory:
    bucket.put(PLACE.key, content)
    s3: Any = bucket
    return Inventory(s3, read_manifest(s3, PLACE.url)[0], needs_dates=needs_dates)


def csv_inventory(
    bucket: FakeInventoryBucket, *files: Sequence[str], schema: str = VERSIONS, needs_dates: bool = False
) -> Inventory:
    told = [bucket.put(f"data/{number}.csv.gz", csv_file(lines)) for number, lines in enumerate(files)]
    return inventory(bucket, manifest(told, fileSchema=schema), needs_dates=needs_dates)


def parquet_inventory(bucket: FakeInventoryBucket, *tables: pa.Table) -> Inventory:
    told = []
    for number, table in enumerate(tables):
        content = io.BytesIO()
        parquet.write_table(table, content, row_group_size=3)
        told.append(bucket.put(f"data/{number}.parquet", content.getvalue()))
    return inventory(bucket, manifest(told, fileFormat="Parquet", fileSchema="message s3.inventory { }"))


def line(key: str, *, latest: bool = True, deleted: bool = False) -> str:
    size, etag = ("", "") if deleted else ("7", "e1")
    told = (
        "uploads",
        key,
        "v1",
        str(latest).lower(),
        str(deleted).lower(),
        size,
        "2026-11-01T00:00:00.000Z",
        etag,
        "STANDARD",
    )
    return ",".join(f'"{value}"' for value in told)


def table(*rows: dict[str, Any]) -> pa.Table:
    schema = pa.schema(
        {
            "bucket": pa.string(),
            "key": pa.string(),
            "is_latest": pa.bool_(),
            "is_delete_marker": pa.bool_(),
            "size": pa.int64(),
            "last_modified_date": pa.timestamp("ms"),
            "e_tag": pa.string(),
            "storage_class": pa.string(),
        }
    )
    usual = {
        "bucket": "uploads",
        "is_latest": True,
        "is_delete_marker": False,
        "size": 7,
        "last_modified_date": datetime(2026, 11, 1),  # noqa: DTZ001 - as S3 writes it
        "e_tag": "e1",
        "storage_class": "STANDARD",
    }
    return pa.Table.from_pylist([usual | row for row in rows], schema=schema)


def keys(found: Inventory) -> list[str]:
    return [each.key for each in found.after(Position())]


@pytest.fixture
def bucket() -> FakeInventoryBucket:
    return FakeInventoryBucket()


def test_a_csv_row_is_an_object(bucket: FakeInventoryBucket) -> None:
    [found] = csv_inventory(bucket, [line("a")]).after(Position())

    assert found == SourceObject(
        key="a",
        size=7,
        etag="e1",
        last_modified=datetime(2026, 11, 1, tzinfo=UTC),
        storage_class="STANDARD",
        position=Position(file=0, row=1),
    )


def test_a_parquet_row_is_the_same_object(bucket: FakeInventoryBucket) -> None:
    [found] = parquet_inventory(bucket, table({"key": "a"})).after(Position())

    assert [found] == list(csv_inventory(FakeInventoryBucket(), [line("a")]).after(Position()))


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("100%2525+sure.txt", "100%25 sure.txt"),
        ("a%2Bb", "a+b"),
        ("%C3%A4/%22%2C%0A", 'ä/",\n'),
        ("plain/key", "plain/key"),
    ],
)
def test_keys_in_csv_are_url_encoded(bucket: FakeInventoryBucket, encoded: str, key: str) -> None:
    assert keys(csv_inventory(bucket, [line(encoded)])) == [key]


def test_keys_in_parquet_are_as_they_are(bucket: FakeInventoryBucket) -> None:
    assert keys(parquet_inventory(bucket, table({"key": "100%25+sure ä"}))) == ["100%25+sure ä"]


def test_only_newest_versions_that_are_no_delete_markers_count(bucket: FakeInventoryBucket) -> None:
    lines = [line("now"), line("now", latest=False), line("gone", deleted=True), line("gone", latest=False)]
    rows: list[dict[str, Any]] = [
        {"key": "now"},
        {"key": "now", "is_latest": False},
        {"key": "gone", "is_delete_marker": True, "size": None},
    ]

    assert keys(csv_inventory(bucket, lines)) == ["now"]
    assert keys(parquet_inventory(bucket, table(*rows))) == ["now"]


def test_an_inventory_of_current_versions_only_has_no_column_for_that(bucket: FakeInventoryBucket) -> None:
    found = csv_inventory(bucket, ['"uploads","a","7"'], schema="Bucket, Key, Size")

    [only] = found.after(Position())

    assert (only.key, only.etag, only.last_modified, only.storage_class) == ("a", None, None, "STANDARD")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_it_goes_on_behind_any_position(bucket: FakeInventoryBucket, kind: str) -> None:
    names = [["a", "b", "c", "d", "e"], [], ["f", "g", "h", "i"]]
    if kind == "csv":
        found = csv_inventory(bucket, *([line(name) for name in each] for each in names))
    else:
        found = parquet_inventory(bucket, *(table(*({"key": name} for name in each)) for each in names))

    everything = list(found.after(Position()))

    assert [each.key for each in everything] == list("abcdefghi")
    for number, each in enumerate(everything, start=1):
        assert list(found.after(each.position)) == everything[number:]


def test_files_of_more_rows_than_are_held_at_once(bucket: FakeInventoryBucket) -> None:
    rows = table(*({"key": f"{number:05}"} for number in range(10_000)))
    found = parquet_inventory(bucket, rows)

    rest = found.after(Position(file=0, row=4100))

    assert [each.key for each in rest] == [f"{number:05}" for number in range(4100, 10_000)]


def test_a_file_that_was_changed_is_not_gone_by(bucket: FakeInventoryBucket) -> None:
    found = csv_inventory(bucket, [line("a")])
    bucket.contents["data/0.csv.gz"] = csv_file([line("b")])

    with pytest.raises(CommandError, match=r"s3://inventories/data/0\.csv\.gz is not what its manifest tells of"):
        keys(found)


def test_a_file_that_is_gone_is_named(bucket: FakeInventoryBucket) -> None:
    found = csv_inventory(bucket, [line("a")])
    del bucket.contents["data/0.csv.gz"]

    with pytest.raises(CopytrailError, match=r"s3://inventories/data/0\.csv\.gz"):
        keys(found)


@pytest.mark.parametrize(
    "broken",
    ['"uploads"', line("a").replace('"7"', '"seven"'), line("a").replace("2026-11-01T", "yesterday"), line("%FF")],
)
def test_a_row_that_cannot_be_read_is_named(bucket: FakeInventoryBucket, broken: str) -> None:
    found = csv_inventory(bucket, [line("a"), line("b"), broken])

    with pytest.raises(CommandError, match=r"row 3 of s3://inventories/data/0\.csv\.gz cannot be read"):
        keys(found)


def test_a_file_of_another_format_than_told_is_named(bucket: FakeInventoryBucket) -> None:
    told = [bucket.put("data/0.csv.gz", b"not gzip")]

    with pytest.raises(CommandError, match=r"row 1 of .* cannot be read"):
        keys(inventory(bucket, manifest(told)))
    with pytest.raises(CommandError, match=r"row 1 of .* cannot be read"):
        keys(inventory(bucket, manifest(told, fileFormat="Parquet")))


def test_an_object_of_unknown_size_cannot_be_routed(bucket: FakeInventoryBucket) -> None:
    with pytest.raises(CommandError, match="does not tell the size of 'a'"):
        keys(parquet_inventory(bucket, table({"key": "a", "size": None})))


def test_orc_is_not_supported(bucket: FakeInventoryBucket) -> None:
    with pytest.raises(UsageError, match="ORC inventories are not supported"):
        inventory(bucket, manifest([], fileFormat="ORC"))


def test_missing_columns_are_named_together(bucket: FakeInventoryBucket) -> None:
    with pytest.raises(UsageError, match="the inventory has no Size, LastModifiedDate: add that"):
        csv_inventory(bucket, schema="Bucket, Key", needs_dates=True)


def test_a_parquet_file_without_sizes_is_refused(bucket: FakeInventoryBucket) -> None:
    with pytest.raises(UsageError, match="the inventory has no Size: add that"):
        keys(parquet_inventory(bucket, table({"key": "a"}).select(["bucket", "key"])))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", csv_file([line("a")])])
def test_what_is_no_manifest_is_told_in_one_line(bucket: FakeInventoryBucket, content: bytes) -> None:
    with pytest.raises(CommandError, match=r"s3://inventories/daily/manifest\.json is no manifest"):
        inventory(bucket, content)


def test_the_manifest_tells_when_it_was_made(bucket: FakeInventoryBucket) -> None:
    bucket.put(PLACE.key, manifest([]))
    s3: Any = bucket

    assert read_manifest(s3, PLACE.url)[0].as_of == datetime(2026, 11, 1, 0, 0, tzinfo=UTC)


def test_another_manifest_has_another_fingerprint(bucket: FakeInventoryBucket) -> None:
    s3: Any = bucket
    bucket.put(PLACE.key, manifest([]))
    first = read_manifest(s3, PLACE.url)[1]
    bucket.put(PLACE.key, manifest([], sourceBucket="others"))

    assert read_manifest(s3, PLACE.url)[1] != first


def test_a_manifest_is_named_by_its_address(bucket: FakeInventoryBucket) -> None:
    s3: Any = bucket
    bucket.put("a b/manifest.json#?", manifest([]))

    assert read_manifest(s3, "s3://inventories/a b/manifest.json#?")[0].source_bucket == "uploads"


@pytest.mark.parametrize("url", ["manifest.json", "https://inventories/manifest.json", "s3://inventories", "s3:///a"])
def test_what_names_no_object_is_refused(bucket: FakeInventoryBucket, url: str) -> None:
    s3: Any = bucket
    with pytest.raises(UsageError, match=r"does not name a manifest: write s3://BUCKET/…/manifest\.json"):
        read_manifest(s3, url)
