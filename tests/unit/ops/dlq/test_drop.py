"""`copytrail dlq drop` on a disk that takes no more: each letter is in the queue, or whole in the file."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ops.dlq.commands import dlq
from ops.dlq.files import LettersOfFile
from tests.fakes.bodies import object_created
from tests.fakes.full_disk import files_end_at
from tests.fakes.letters import FAILED
from tests.fakes.outcomes import an_upload
from tests.fakes.sqs_client import DLQ
from tests.fakes.stack import FakeStack


def run(stack: FakeStack, *arguments: str) -> Result:
    return CliRunner().invoke(dlq, arguments, obj=stack)


@pytest.mark.parametrize("size", [3_000, 12_345, 16_384])
def test_on_a_full_disk_a_letter_is_deleted_only_when_it_is_whole_in_the_file(tmp_path: Path, size: int) -> None:
    stack, path = FakeStack(), tmp_path / "dropped.jsonl"
    keys = {f"in/{number:03}" for number in range(60)}
    for key in keys:
        stack.sqs.put(object_created(an_upload(key=key)), FAILED)

    with files_end_at(size):
        result = run(stack, "drop", "--all", "--yes", "--to", str(path))

    assert result.exit_code == 1
    assert f"Error: {path} cannot be written: File too large" in result.stderr
    safe = {stored.letter.key for stored in LettersOfFile(path)} if path.exists() else set()
    waiting = len(stack.sqs.queues[DLQ])
    assert (len(safe) + waiting, len(stack.sqs.visible())) == (60, waiting)
    assert f"{waiting} left in the copy DLQ; the same command with another --to goes on" in result.stderr

    result = run(stack, "drop", "--all", "--yes", "--to", str(tmp_path / "others.jsonl"))
    assert result.exit_code == 0
    assert safe | {stored.letter.key for stored in LettersOfFile(tmp_path / "others.jsonl")} == keys
    if safe:
        assert run(stack, "import", str(path), "--yes").exit_code == 0
        assert len(stack.sqs.queues[DLQ]) == len(safe)


def test_an_export_that_the_disk_does_not_take_leaves_nothing(tmp_path: Path) -> None:
    stack, path = FakeStack(), tmp_path / "letters.jsonl"
    for number in range(60):
        stack.sqs.put(object_created(an_upload(key=f"{number}")), FAILED)

    with files_end_at(10_000):
        result = run(stack, "export", str(path))

    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert f"Error: {path} cannot be written: File too large\n" in result.stderr
    assert len(stack.sqs.visible()) == 60


def test_a_drop_of_so_many_that_was_stopped_goes_on_with_those_that_are_left(tmp_path: Path) -> None:
    stack, path = FakeStack(), tmp_path / "dropped.jsonl"
    for number in range(60):
        stack.sqs.put(object_created(an_upload(key=f"{number}")), FAILED)

    with files_end_at(16_384):
        result = run(stack, "drop", "--limit", "40", "--yes", "--to", str(path))

    left = 40 - len(list(LettersOfFile(path)))
    assert 0 < left < 40
    assert f"; the same command with another --to and --limit {left} goes on\n" in result.stderr
