"""S3 Inventory as the list of a backfill's objects: its manifest, and its files, in bounded memory.

Source: "Locating your inventory list", S3 user guide.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import md5
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

import msgspec

from ops.backfill.objects import Position, SourceObject
from ops.errors import CommandError, UsageError
from ops.params.keys import S3Url, read_s3_url
from shared import times
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# A manifest of 100,000 files has 20 MB: what is larger is none.
_LARGEST = 64 * 1024**2
_ARN = "arn:"


class InventoryFile(msgspec.Struct, frozen=True):
    """One file of an inventory. `md5` in hexadecimal digits."""

    key: str
    md5: str = msgspec.field(name="MD5checksum")


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """What `manifest.json` says; the destination bucket is that of the inventory's files."""

    source_bucket: str
    destination_bucket: str
    file_format: str
    file_schema: str
    files: tuple[InventoryFile, ...]
    creation_timestamp: str | None = None

    @property
    def as_of(self) -> datetime | None:
        """When S3 began to go over the bucket."""
        created = self.creation_timestamp or ""
        return times.from_epoch_milliseconds(created) if created.isdecimal() else None

    def place_of(self, file: InventoryFile) -> S3Url:
        """Where a file is."""
        name = self.destination_bucket
        return S3Url(name.rpartition(":")[2] if name.startswith(_ARN) else name, file.key)


def read_manifest(s3: "S3Client", url: str) -> tuple[Manifest, str]:
    """The manifest at `s3://bucket/key`, and its fingerprint.

    Raises:
        CommandError: the URL names no object, or what it names is no manifest.
        CopytrailError: S3 does not give it.
    """
    place = read_s3_url(url)
    if place is None:
        raise UsageError(f"'{url}' does not name a manifest: write s3://BUCKET/…/manifest.json")
    with translated("s3:GetObject", place.url):
        answer = s3.get_object(Bucket=place.bucket, Key=place.key)
        with closing(answer["Body"]) as body:
            content = body.read(_LARGEST + 1)
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{place.url} is no manifest of an S3 Inventory ({error}): name its manifest.json"
        ) from error
    return manifest, md5(content, usedforsecurity=False).hexdigest()


_CHUNK = 1024**2
_ROWS_AT_ONCE = 4096
_FORMATS = ("CSV", "PARQUET")


class _Row(NamedTuple):
    """The columns that a backfill goes by, under the names that both formats have without `_` and capitals."""

    key: str
    size: int | None = None
    etag: str | None = None
    lastmodifieddate: datetime | None = None
    storageclass: str | None = None
    islatest: bool | None = None
    isdeletemarker: bool | None = None


class Inventory:
    """The newest versions that an inventory tells of.

    Raises:
        CommandError: it is in a format, or without a column, that a backfill cannot go by.
    """

    def __init__(self, s3: "S3Client", manifest: Manifest, *, needs_dates: bool) -> None:
        self._s3 = s3
        self._manifest = manifest
        self._needed = {"key": "Key", "size": "Size"} | (
            {"lastmodifieddate": "LastModifiedDate"} if needs_dates else {}
        )
        self._format = manifest.file_format.upper()
        if self._format not in _FORMATS:
            raise UsageError(f"{manifest.file_format} inventories are not supported: have it made as CSV or Parquet")
        if self._format == "CSV":
            self._check(_names(manifest.file_schema.split(",")))

    def after(self, position: Position) -> Iterator[SourceObject]:
        """Every newest version in the inventory after a position.

        Raises:
            CommandError: a file is not the one that the manifest means, or cannot be read.
            CopytrailError, BotoCoreError: S3 does not give it.
        """
        for number in range(position.file, len(self._manifest.files)):
            file = self._manifest.files[number]
            read = position.row if number == position.file else 0
            with self._downloaded(file) as content:
                for row_number, row in enumerate(self._rows(file, content, read), start=read + 1):
                    if row.islatest is not False and not row.isdeletemarker:
                        yield _existing(row, Position(file=number, row=row_number))

    @contextmanager
    def _downloaded(self, file: InventoryFile) -> Iterator[IO[bytes]]:
        """The file, on the disk and checked. It has no name there, so nothing is left of it."""
        place = self._manifest.place_of(file)
        digest = md5(usedforsecurity=False)
        with TemporaryFile(prefix="copytrail-inventory-") as content:
            with translated("s3:GetObject", place.url):
                answer = self._s3.get_object(Bucket=place.bucket, Key=place.key)
                with closing(answer["Body"]) as body:
                    for chunk in body.iter_chunks(_CHUNK):
                        digest.update(chunk)
                        content.write(chunk)
            if digest.hexdigest() != file.md5.lower():
                raise CommandError(
                    f"{place.url} is not what its manifest tells of (MD5 {digest.hexdigest()}, not {file.md5}):"
                    " it was changed since, so take another inventory"
                )
            content.seek(0)
            yield content

    def _rows(self, file: InventoryFile, content: IO[bytes], read: int) -> Iterator[_Row]:
        rows = self._csv_rows(content, read) if self._format == "CSV" else self._parquet_rows(content, read)
        number = read
        try:
            for row in rows:
                number += 1
                yield row
        except (ValueError, IndexError, EOFError, OSError, zlib.error, csv.Error) as error:
            raise CommandError(
                f"row {number + 1:,} of {self._manifest.place_of(file).url} cannot be read"
                f" ({type(error).__name__}: {error}): take another inventory"
            ) from error

    def _csv_rows(self, content: IO[bytes], read: int) -> Iterator[_Row]:
        names = _names(self._manifest.file_schema.split(","))
        columns = [(names.index(name), _FROM_TEXT[name]) if name in names else None for name in _Row._fields]
        with gzip.open(content, "rb") as unpacked:
            lines = io.TextIOWrapper(unpacked, encoding="utf-8", newline="")
            for fields in islice(csv.reader(lines), read, None):
                yield _Row._make(column and column[1](fields[column[0]]) for column in columns)

    def _parquet_rows(self, content: IO[bytes], read: int) -> Iterator[_Row]:
        # Takes longer to import than everything else together.
        from pyarrow import parquet  # noqa: PLC0415

        with parquet.ParquetFile(content) as file:
            by_name = dict(zip(_names(file.schema_arrow.names), file.schema_arrow.names, strict=True))
            self._check(list(by_name))
            titles = {name: by_name[name] for name in _Row._fields if name in by_name}
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(titles.values())):
                if read >= batch.num_rows:
                    read -= batch.num_rows
                    continue
                columns = batch.slice(read).to_pydict()
                read = 0
                values = [columns[titles[name]] if name in titles else None for name in _Row._fields]
                for number in range(len(columns[titles["key"]])):
                    yield _Row._make(column[number] if column is not None else None for column in values)

    def _check(self, names: Sequence[str]) -> None:
        missing = [title for name, title in self._needed.items() if name not in names]
        if missing:
            raise UsageError(
                f"the inventory has no {', '.join(missing)}: add that to its configuration and take the next one,"
                " or backfill without --manifest"
            )


def _names(titles: Sequence[str]) -> list[str]:
    """Column titles without what tells CSV (`LastModifiedDate`) and Parquet (`last_modified_date`) apart."""
    return [title.strip().replace("_", "").lower() for title in titles]


def _existing(row: _Row, position: Position) -> SourceObject:
    if row.size is None:
        raise CommandError(f"the inventory does not tell the size of '{row.key}': take another one")
    moment = row.lastmodifieddate
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return SourceObject(
        key=row.key,
        size=row.size,
        etag=row.etag.strip('"') if row.etag else None,
        last_modified=moment,
        storage_class=row.storageclass or "STANDARD",
        position=position,
    )


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    # URL-encoded, a space as "+".
    "key": lambda text: unquote_plus(text, errors="strict"),
    "size": lambda text: int(text) if text else None,
    "etag": str,
    "lastmodifieddate": lambda text: times.from_text(text) if text else None,
    "storageclass": str,
    "islatest": lambda text: text.lower() == "true" if text else None,
    "isdeletemarker": lambda text: text.lower() == "true" if text else None,
}
