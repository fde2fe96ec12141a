"""`copytrail dlq import`: letters go where they came from, once, and what SQS did not take is kept whole."""

import errno
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ops.dlq.commands import dlq
from ops.dlq.files import LettersOfFile, line_of
from ops.dlq.import_file import contents_of
from ops.dlq.letter import Letter
from ops.dlq.queue import QueueName
from ops.errors import CommandError, UsageError
from tests.fakes.bodies import object_created
from tests.fakes.letters import FAILED, REPLAYED, a_letter
from tests.fakes.outcomes import an_upload, body, copied
from tests.fakes.sqs_client import DLQ, refusal
from tests.fakes.stack import FakeStack

COPY, AUDIT = QueueName.COPY, QueueName.AUDIT
ASKED = a_letter(id="asked")
TOLD = a_letter(id="told", body=body(copied()))
NOT_OURS = a_letter({}, id="not ours", body="hello")
KEYS = {f"{number:02}" for number in range(30)}


@pytest.fixture
def stack() -> FakeStack:
    """One whose SQS takes ten letters and then nobody's."""
    stack = FakeStack()
    stack.sqs.refuses["SendMessage"] = deque([None, *[refusal("AccessDenied")] * 30])
    return stack


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    exported = tmp_path / "letters.jsonl"
    letters = [a_letter(id=key, body=object_created(an_upload(key=key))) for key in sorted(KEYS)]
    exported.write_bytes(b"".join(line_of(letter, QueueName.COPY) for letter in letters))
    return exported


def run(stack: FakeStack, exported: Path) -> Result:
    # What AWS refuses is made a line by the whole command, and is an exception here.
    return CliRunner().invoke(dlq, ["import", str(exported), "--yes"], obj=stack)


def keys_of(path: Path) -> set[str]:
    return {stored.letter.key for stored in LettersOfFile(path)}


def test_the_rest_is_in_a_file_that_has_its_name_only_when_it_is_whole(
    stack: FakeStack, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = exported.with_name("letters.jsonl.rest")
    fsync, there = os.fsync, list[bool]()

    def killed_here(descriptor: int) -> Any:
        there.append(rest.exists())
        return fsync(descriptor)

    monkeypatch.setattr(os, "fsync", killed_here)
    assert run(stack, exported).exit_code == 1

    # The file itself, then its folder.
    assert there == [False, True]
    assert len(stack.sqs.queues[DLQ]) + len(keys_of(rest)) == 30


def test_where_the_rest_finds_no_room_the_same_command_goes_on(
    stack: FakeStack, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        result = run(stack, exported)
    assert result.exit_code == 1
    assert "letters.jsonl.rest cannot be written: No space left on device; the same command" in result.stderr
    assert [file.name for file in exported.parent.iterdir()] == ["letters.jsonl"]

    stack.sqs.refuses.clear()
    result = run(stack, exported)
    assert result.exit_code == 0
    assert "left out: " in result.stderr
    assert len({message.body for message in stack.sqs.queues[DLQ].values()}) == len(stack.sqs.queues[DLQ]) == 30


def test_a_file_that_was_cut_off_is_imported_up_to_there(exported: Path) -> None:
    stack = FakeStack()
    exported.write_bytes(exported.read_bytes()[:-30])

    result = run(stack, exported)

    assert result.exit_code == 1
    assert result.stderr.endswith(f"Error: line 30 of {exported}, its last, is cut off: what it held is not imported\n")
    assert len(stack.sqs.queues[DLQ]) == 29


def test_letters_in_somebodys_hands_may_then_be_there_twice_and_that_is_said(exported: Path) -> None:
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

    result = run(stack, exported)

    assert result.exit_code == 4
    assert "what is among them may then be there twice" in result.stderr


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "letters.jsonl"


def write(path: Path, *lines: tuple[Letter, QueueName | None], more: bytes = b"") -> Path:
    path.write_bytes(b"".join(line_of(letter, queue) for letter, queue in lines) + more)
    return path


@pytest.mark.parametrize(
    ("lines", "asked_for", "queue"),
    [
        ([(ASKED, COPY)], None, COPY),
        ([(TOLD, COPY)], None, COPY),
        ([(NOT_OURS, AUDIT)], AUDIT, AUDIT),
        ([(ASKED, None), (NOT_OURS, None)], None, COPY),
        ([(TOLD, None)], None, AUDIT),
        ([(NOT_OURS, None)], AUDIT, AUDIT),
    ],
)
def test_letters_go_where_they_came_from(
    path: Path, lines: Sequence[tuple[Letter, QueueName | None]], asked_for: QueueName | None, queue: QueueName
) -> None:
    assert contents_of(write(path, *lines), asked_for).queue == queue


@pytest.mark.parametrize(
    ("lines", "asked_for", "told"),
    [
        ([(ASKED, COPY)], AUDIT, "1 letter of .* not of the audit queue: leave --queue out"),
        ([(ASKED, None)], AUDIT, "1 letter of .* not of the audit queue"),
        ([(ASKED, COPY), (TOLD, AUDIT)], None, "letters of both queues, 1 of the audit queue and 1 of the copy queue"),
        ([(ASKED, COPY), (TOLD, AUDIT)], COPY, "not of the copy queue"),
        ([(NOT_OURS, None)], None, "name it with --queue"),
    ],
)
def test_letters_do_not_go_where_they_have_no_business(
    path: Path, lines: Sequence[tuple[Letter, QueueName | None]], asked_for: QueueName | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        contents_of(write(path, *lines), asked_for)


def test_of_a_file_that_does_not_name_its_queue_a_person_is_told(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents_of(write(path, (ASKED, None)), None)
    assert "does not say whose dead letters these are: by what it holds, the copy queue's" in capsys.readouterr().err


def test_what_is_in_the_queue_already_is_left_out_as_often_as_it_is_there(path: Path) -> None:
    contents = contents_of(write(path, (ASKED, COPY), (ASKED, COPY), (NOT_OURS, COPY)), None)
    # It came back since, with other attributes.
    contents.leave_out([a_letter(FAILED | REPLAYED, id="another"), TOLD])
    assert (contents.count, len(contents.left)) == (3, 2)
    contents.leave_out([ASKED, ASKED, NOT_OURS])
    assert contents.left == set()


def test_a_line_that_was_cut_off_is_a_failure_once_the_others_are_imported(path: Path) -> None:
    contents = contents_of(write(path, (ASKED, COPY), more=b'{"Mess'), None)
    assert contents.count == 1
    with pytest.raises(CommandError, match=r"line 2 of .*letters\.jsonl, its last, is cut off") as raised:
        contents.check_whole()
    assert raised.value.exit_code == 1
    contents_of(write(path, (ASKED, COPY)), None).check_whole()
