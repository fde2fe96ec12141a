"""What one backfill has to do, from its options, the stack and the checkpoint."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ops.backfill.checkpoint import Checkpoint
from ops.backfill.job import BackfillOptions, Job, job_of
from ops.errors import UsageError
from ops.params.keys import KeyFilter
from ops.stack import Output
from shared import times
from shared.routes import Route
from tests.unit.ops.backfill.examples import FakeInventoryBucket, manifest

UPLOADS = Route(source_bucket="uploads", destination_bucket="copies", prefixes=("in/",))
SCANS = Route(source_bucket="scans", destination_bucket="copies", versions="every")
NARROWER = Route(source_bucket="uploads", destination_bucket="copies", prefixes=("in/a/",))


class FakeStack:
    """A stack with some routes."""

    name = "copytrail"
    bucket_names: ClassVar = {"source": "uploads", "scanner": "scans", "destination": "copies"}

    def __init__(self, *routes: Route) -> None:
        self.routes = routes

    def output(self, name: Output) -> str:
        """The outputs that a backfill goes by."""
        return {
            Output.PARTS: '{"threshold": 268435456, "part": 67108864}',
        }[name]


def options(*, key_prefix: str = "", **other: Any) -> BackfillOptions:
    options = {"bucket": "", "since": "", "until": "", "manifest": "", "include_archived": False}
    return BackfillOptions(**{**options, "keys": KeyFilter(key_prefix), **other})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.json"


def job(path: Path, asked: BackfillOptions, *routes: Route, s3: FakeInventoryBucket | None = None) -> Job:
    stack: Any = FakeStack(*(routes or (UPLOADS,)))
    bucket: Any = s3
    return job_of(asked, stack, bucket, path)


def begin(job: Job) -> Checkpoint:
    checkpoint = Checkpoint(
        operation_id="an operation",
        arguments=job.arguments,
        begun_at=times.now(),
        since=job.selection.since,
        until=job.selection.until,
        objects=10,
        size=1000,
    )
    job.file.write(checkpoint)
    return checkpoint


def test_an_only_source_need_not_be_named(path: Path) -> None:
    assert job(path, options()).selection.bucket == "uploads"


@pytest.mark.parametrize("name", ["source", "uploads"])
def test_a_source_is_named_by_its_name_or_alias(path: Path, name: str) -> None:
    assert job(path, options(bucket=name), UPLOADS, SCANS).selection.bucket == "uploads"


def test_one_of_several_sources_must_be_named(path: Path) -> None:
    with pytest.raises(UsageError, match="several source buckets: name one with --bucket: scans, uploads"):
        job(path, options(), UPLOADS, SCANS)


@pytest.mark.parametrize("name", ["copies", "destination"])
def test_a_bucket_that_no_route_begins_at_is_refused(path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="begins at bucket 'copies': its source buckets are uploads"):
        job(path, options(bucket=name))


def test_routes_of_every_version_cannot_be_backfilled(path: Path) -> None:
    with pytest.raises(UsageError, match="they take S3's own events only"):
        job(path, options(bucket="scans"), UPLOADS, SCANS)


def test_since_must_come_before_until(path: Path) -> None:
    with pytest.raises(UsageError, match="is not before --until"):
        job(path, options(since="1d", until="2d"))


def told(**other: Any) -> FakeInventoryBucket:
    bucket = FakeInventoryBucket()
    bucket.put("manifest.json", manifest([], **other))
    return bucket


URL = "s3://inventories/manifest.json"


def test_an_inventory_names_the_source(path: Path) -> None:
    assert job(path, options(manifest=URL), UPLOADS, SCANS, s3=told()).selection.bucket == "uploads"


def test_an_inventory_of_another_bucket_is_refused(path: Path) -> None:
    with pytest.raises(UsageError, match="the manifest is of bucket 'uploads', not of 'scans'"):
        job(path, options(manifest=URL, bucket="scanner"), UPLOADS, SCANS, s3=told())
    with pytest.raises(UsageError, match="begins at bucket 'another'"):
        job(path, options(manifest=URL), s3=told(sourceBucket="another"))


def test_an_inventory_without_dates_cannot_be_gone_by_dates(path: Path) -> None:
    with pytest.raises(UsageError, match="the inventory has no LastModifiedDate"):
        job(path, options(manifest=URL, since="7d"), s3=told(fileSchema="Bucket, Key, Size"))


def test_the_same_words_mean_the_same_moments_when_it_goes_on(path: Path) -> None:
    begun = begin(job(path, options(since="7d", until="1h")))
    long_ago = begun.begun_at - timedelta(days=3)
    content = json.loads(path.read_bytes()) | {"since": times.to_text(long_ago)}
    path.write_text(json.dumps(content))

    going_on = job(path, options(since="7d", until="1h"))

    assert going_on.earlier is not None
    assert (going_on.selection.since, going_on.selection.until) == (long_ago, begun.until)


@pytest.mark.parametrize(
    "other",
    [options(key_prefix="in/"), options(since="7d"), options(include_archived=True), options(until="2026-11-01")],
)
def test_other_words_are_another_backfill(path: Path, other: BackfillOptions) -> None:
    begin(job(path, options()))

    with pytest.raises(UsageError, match="is of another backfill"):
        job(path, other)


def test_other_routes_are_another_backfill(path: Path) -> None:
    begin(job(path, options()))

    with pytest.raises(UsageError, match="with other routes"):
        job(path, options(), NARROWER)


def test_another_inventory_under_the_same_address_is_another_backfill(path: Path) -> None:
    begin(job(path, options(manifest=URL), s3=told()))

    with pytest.raises(UsageError, match="with other manifest"):
        job(path, options(manifest=URL), s3=told(creationTimestamp="1793577600000"))


def test_the_checkpoint_is_named_after_stack_and_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stack: Any = FakeStack(UPLOADS)
    nothing: Any = None

    begin(job_of(options(), stack, nothing, None))

    assert [path.name for path in tmp_path.iterdir()] == ["backfill-copytrail-uploads.checkpoint.json"]


def test_moments_are_utc(path: Path) -> None:
    assert job(path, options(until="2026-11-01")).selection.until == datetime(2026, 11, 1, tzinfo=UTC)
