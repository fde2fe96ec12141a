"""The checkpoint file, whenever the machine stops and whatever is in it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from ops.backfill.checkpoint import Checkpoint, CheckpointFile
from ops.backfill.objects import Position
from ops.errors import UsageError

ARGUMENTS = {"bucket": "uploads", "--key-prefix": "a/"}
CHECKPOINT = Checkpoint(
    operation_id="6f3a2c1e-4d0b-4c7e-9a56-07c0b1f7a11d",
    arguments=ARGUMENTS,
    begun_at=datetime(2026, 11, 23, tzinfo=UTC),
    since=None,
    until=datetime(2026, 11, 1, tzinfo=UTC),
    objects=100,
    size=5000,
    requested=40,
    position=Position(key="a/ä\u202e"),
)


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    return CheckpointFile(tmp_path / "backfill.json")


def test_what_was_written_is_read(file: CheckpointFile) -> None:
    file.write(CHECKPOINT)

    assert file.read(ARGUMENTS) == CHECKPOINT


def test_the_last_one_counts(file: CheckpointFile) -> None:
    later = structs.replace(CHECKPOINT, requested=50, position=Position(file=2, row=7))
    file.write(CHECKPOINT)
    file.write(later)

    assert file.read(ARGUMENTS) == later


def test_without_a_file_nothing_is_under_way(file: CheckpointFile) -> None:
    assert file.read(ARGUMENTS) is None


def test_a_machine_that_stops_while_writing_leaves_the_one_before(file: CheckpointFile) -> None:
    file.write(CHECKPOINT)
    file.path.with_name("backfill.json.new").write_bytes(b'{"version":1,"operat')

    assert file.read(ARGUMENTS) == CHECKPOINT
    file.write(CHECKPOINT)
    assert [path.name for path in file.path.parent.iterdir()] == ["backfill.json"]


def test_a_file_cut_off_anywhere_is_told_in_one_line_and_left_as_it_is(file: CheckpointFile) -> None:
    file.write(CHECKPOINT)
    # Behind the last brace there is only the line's end.
    whole = file.path.read_bytes().rstrip()

    for length in range(len(whole)):
        file.path.write_bytes(whole[:length])
        with pytest.raises(UsageError, match=r"no whole checkpoint.*--checkpoint"):
            file.read(ARGUMENTS)
        assert file.path.read_bytes() == whole[:length]


@pytest.mark.parametrize("content", [b"[]", b"\xff\xfe", b'{"version": 2}', b"[" * 100_000])
def test_another_file_is_no_checkpoint(file: CheckpointFile, content: bytes) -> None:
    file.path.write_bytes(content)

    with pytest.raises(UsageError, match="no whole checkpoint"):
        file.read(ARGUMENTS)


@pytest.mark.parametrize(
    ("arguments", "differing"),
    [
        ({**ARGUMENTS, "--key-prefix": "b/"}, "other --key-prefix:"),
        ({"bucket": "uploads"}, "other --key-prefix:"),
        ({**ARGUMENTS, "bucket": "others", "--since": "7d"}, "other bucket, --since:"),
    ],
)
def test_other_arguments_are_named(file: CheckpointFile, arguments: dict[str, str], differing: str) -> None:
    file.write(CHECKPOINT)

    with pytest.raises(UsageError) as refused:
        file.read(arguments)

    assert "another backfill (40 of 100 copies requested)" in refused.value.message
    assert differing in refused.value.message


def test_a_folder_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be written \(No such file or directory\)"):
        CheckpointFile(tmp_path / "nowhere" / "backfill.json").write(CHECKPOINT)


@pytest.mark.parametrize("name", ["nowhere/backfill.json", "x" * 251])
def test_where_no_checkpoint_can_be_written_it_is_said_before_anything_is_done(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be written"), CheckpointFile(tmp_path / name).locked():
        pass


def test_where_a_lock_can_be_had_a_checkpoint_can_be_written(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / ("x" * 250))
    with file.locked():
        file.write(CHECKPOINT)

    assert list(tmp_path.iterdir()) == [file.path]


def test_a_checkpoint_of_an_earlier_version_keeps_its_count_of_deleted_objects(file: CheckpointFile) -> None:
    file.write(CHECKPOINT)
    file.path.write_bytes(file.path.read_bytes().replace(b'"gone": 0', b'"gone": 7'))

    read = file.read(ARGUMENTS)
    assert read is not None
    assert read.source_deleted == 7


def test_at_the_end_it_is_gone(file: CheckpointFile) -> None:
    file.write(CHECKPOINT)
    file.remove()

    assert list(file.path.parent.iterdir()) == []


def test_a_second_backfill_is_refused_while_the_first_is_at_work(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    with CheckpointFile(path).locked():
        with pytest.raises(UsageError, match=f"another backfill is at work with {path}: wait"):
            CheckpointFile(path).locked().__enter__()
        with CheckpointFile(tmp_path / "other.json").locked():
            pass
    with CheckpointFile(path).locked():
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_backfill_left_locks_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "c.json.lock").touch()
    with CheckpointFile(tmp_path / "c.json").locked():
        pass
    assert list(tmp_path.iterdir()) == []


def test_where_no_lock_can_be_had_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        CheckpointFile(tmp_path / "gone" / "c.json").locked().__enter__()


def test_an_error_of_the_backfill_itself_is_not_taken_for_one_of_the_lock(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="its own"), CheckpointFile(tmp_path / "c.json").locked():
        raise OSError("its own")
    with pytest.raises(BlockingIOError), CheckpointFile(tmp_path / "c.json").locked():
        raise BlockingIOError
