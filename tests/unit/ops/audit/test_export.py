"""An export as a file: whole, with its manifest, or not there at all; and little of it in memory."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.audit.export import Written, check_new_file, write_file
from ops.audit.export_formats import Encoding, Format, Sink
from ops.errors import CommandError
from shared.audit_log.record import Record
from tests.fakes.outcomes import a_record

CSV = Encoding(Format.CSV)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.csv"


def endless(of: Record, until: Callable[[int], None]) -> Iterator[Record]:
    """One record again and again, until something is raised."""
    number = 0
    while True:
        until(number)
        yield of
        number += 1


def test_a_file_and_then_its_manifest_are_there_when_it_is_whole(path: Path) -> None:
    seen: list[Written] = []

    def manifest(written: Written) -> dict[str, object]:
        assert path.exists()
        seen.append(written)
        return {"Count": written.count}

    returned = write_file(path, CSV, iter([a_record()] * 2_500), manifest=manifest)

    data = path.read_bytes()
    assert seen == [returned] == [Written(2_500, len(data), hashlib.sha256(data).hexdigest())]
    assert data.count(b"\r\n") == 2_501
    assert path.with_name("records.csv.manifest.json").read_bytes() == b'{\n  "Count": 2500\n}\n'
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.parametrize("encoding", [CSV, Encoding(Format.CSV, gzip=True), Encoding(Format.PARQUET)])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, CommandError])
@pytest.mark.parametrize("after", [0, 1, 1_500])
def test_stopped_anywhere_it_leaves_nothing_behind(
    path: Path, encoding: Encoding, kind: type[BaseException], after: int
) -> None:
    def until(number: int) -> None:
        if number == after:
            raise kind("stop")

    with pytest.raises(kind):
        write_file(path, encoding, endless(a_record(), until), manifest=lambda _: {})

    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("there", ["records.csv", "records.csv.manifest.json"])
def test_a_file_that_is_there_is_refused_and_left_as_it_is(path: Path, there: str) -> None:
    path.with_name(there).write_bytes(b"mine")

    with pytest.raises(CommandError, match=rf"{there} exists already") as refused:
        check_new_file(path)
    with pytest.raises(CommandError):
        write_file(path, CSV, iter([a_record()]), manifest=lambda _: {})

    assert refused.value.exit_code == 2
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == {there: b"mine"}


def test_records_are_read_only_as_they_are_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead: list[int] = []
    written_so_far = 0
    write = Sink.write

    def counting(self: Sink, data: bytes) -> int:
        nonlocal written_so_far
        written_so_far += bytes(data).count(b"\r\n")
        return write(self, data)

    monkeypatch.setattr(Sink, "write", counting)

    def until(number: int) -> None:
        # The line of column names is one more.
        ahead.append(number + 1 - written_so_far)
        if number == 10_000:
            raise CommandError("enough")

    with pytest.raises(CommandError):
        write_file(path, CSV, endless(a_record(), until), manifest=lambda _: {})

    assert max(ahead) <= 1_000
