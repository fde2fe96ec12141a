"""`copytrail dlq import`: what SQS did not take is kept whole, or not at all."""

import errno
import os
from collections import deque
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ops.dlq.commands import dlq
from ops.dlq.files import LettersOfFile, line_of
from ops.dlq.queue import QueueName
from tests.fakes.bodies import object_created
from tests.fakes.letters import a_letter
from tests.fakes.outcomes import an_upload
from tests.fakes.sqs_client import DLQ, refusal
from tests.fakes.stack import FakeStack

KEYS = {f"{number:02}" for number in range(30)}


@pytest.fixture
def stack() -> FakeStack:
    """One whose SQS takes ten letters and then nobody's."""
    stack = FakeStack()
    stack.sqs.refuses["SendMessage"] = deque([None, *[refusal("AccessDenied")] * 30])
    return stack


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "letters.jsonl"
    letters = [a_letter(id=key, body=object_created(an_upload(key=key))) for key in sorted(KEYS)]
    path.write_bytes(b"".join(line_of(letter, QueueName.COPY) for letter in letters))
    return path


def run(stack: FakeStack, path: Path) -> Result:
    # What AWS refuses is made a line by the whole command, and is an exception here.
    return CliRunner().invoke(dlq, ["import", str(path), "--yes"], obj=stack)


def keys_of(path: Path) -> set[str]:
    return {stored.letter.key for stored in LettersOfFile(path)}


def test_the_rest_is_in_a_file_that_has_its_name_only_when_it_is_whole(
    stack: FakeStack, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = path.with_name("letters.jsonl.rest")
    fsync, there = os.fsync, list[bool]()

    def killed_here(descriptor: int) -> Any:
        there.append(rest.exists())
        return fsync(descriptor)

    monkeypatch.setattr(os, "fsync", killed_here)
    assert run(stack, path).exit_code == 1

    # The file itself, then its folder.
    assert there == [False, True]
    assert len(stack.sqs.queues[DLQ]) + len(keys_of(rest)) == 30


def test_where_the_rest_finds_no_room_the_same_command_goes_on(
    stack: FakeStack, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        result = run(stack, path)
    assert result.exit_code == 1
    assert "letters.jsonl.rest cannot be written: No space left on device; the same command" in result.stderr
    assert [file.name for file in path.parent.iterdir()] == ["letters.jsonl"]

    stack.sqs.refuses.clear()
    result = run(stack, path)
    assert result.exit_code == 0
    assert "left out: " in result.stderr
    assert len({message.body for message in stack.sqs.queues[DLQ].values()}) == len(stack.sqs.queues[DLQ]) == 30


def test_a_file_that_was_cut_off_is_imported_up_to_there(path: Path) -> None:
    stack = FakeStack()
    path.write_bytes(path.read_bytes()[:-30])

    result = run(stack, path)

    assert result.exit_code == 1
    assert result.stderr.endswith(f"Error: line 30 of {path}, its last, is cut off: what it held is not imported\n")
    assert len(stack.sqs.queues[DLQ]) == 29


def test_letters_in_somebodys_hands_may_then_be_there_twice_and_that_is_said(path: Path) -> None:
    stack = FakeStack()
    stack.sqs.put(object_created(an_upload(key="00")))
    stack.sqs.receive_message(
        QueueUrl=DLQ,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=1,
        VisibilityTimeout=30,
        MessageAttributeNames=[],
        MessageSystemAttributeNames=[],
    )

    result = run(stack, path)

    assert result.exit_code == 4
    assert "what is among them may then be there twice" in result.stderr
