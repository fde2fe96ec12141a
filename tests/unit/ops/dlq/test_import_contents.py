"""What a file of letters holds, and what of it is still to be imported."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ops.dlq.files import line_of
from ops.dlq.import_file import contents_of
from ops.dlq.message import Letter
from ops.dlq.queue import QueueName
from ops.failures import CommandError, UsageError
from tests.fakes.letters import FAILED, REPLAYED, a_letter
from tests.fakes.outcomes import body, copied

COPY, AUDIT = QueueName.COPY, QueueName.AUDIT
ASKED = a_letter(id="asked")
TOLD = a_letter(id="told", body=body(copied()))
NOT_OURS = a_letter({}, id="not ours", body="hello")


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
    assert (contents.count, contents.left, contents.left_out) == (3, 2, 1)
    contents.leave_out([ASKED, ASKED, NOT_OURS])
    assert (contents.left, contents.left_out) == (0, 3)


def test_a_line_that_was_cut_off_is_a_failure_once_the_others_are_imported(path: Path) -> None:
    contents = contents_of(write(path, (ASKED, COPY), more=b'{"Mess'), None)
    assert contents.count == 1
    with pytest.raises(CommandError, match=r"line 2 of .*letters\.jsonl, its last, is cut off") as raised:
        contents.check_whole()
    assert raised.value.exit_code == 1
    contents_of(write(path, (ASKED, COPY)), None).check_whole()
