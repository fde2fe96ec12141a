"""Letters in files: each can be sent again as it was."""

import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.dlq import files
from ops.dlq.files import LettersOfFile, new_letter_file
from ops.dlq.letter import Letter
from ops.dlq.queue import QueueName
from ops.errors import CommandError, UsageError
from tests.fakes.full_disk import files_end_at
from tests.fakes.letters import a_letter

ATTRIBUTES: Any = {
    "Text": {"DataType": "String", "StringValue": "naïve \N{SNOWMAN}\t"},
    "Count": {"DataType": "Number.int", "StringValue": "12"},
    "Bytes": {"DataType": "Binary.png", "BinaryValue": b"\0\xff"},
}
LETTERS = [
    a_letter(
        id="m-1", attributes=ATTRIBUTES, body="a body\nof two lines, with \N{RIGHT-TO-LEFT OVERRIDE} and \U0001f600"
    ),
    a_letter(id="m-2"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "letters.jsonl"


def write(path: Path, letters: Sequence[Letter]) -> None:
    with new_letter_file(path) as file:
        file.append(letters, QueueName.COPY)


def read(path: Path) -> Iterator[Letter]:
    return (stored.letter for stored in LettersOfFile(path))


def line_of(letter: Letter) -> bytes:
    return files.line_of(letter, QueueName.COPY)


def what_is_sent(letter: Letter) -> tuple[object, ...]:
    return letter.id, letter.body, letter.attributes, letter.sent_at


def test_what_is_read_is_what_was_written(path: Path) -> None:
    write(path, LETTERS)

    assert list(map(what_is_sent, read(path))) == list(map(what_is_sent, LETTERS))


def test_a_line_is_json_that_others_can_read(path: Path) -> None:
    write(path, LETTERS)

    lines = path.read_bytes().split(b"\n")
    assert (len(lines), lines[-1]) == (3, b"")
    assert json.loads(lines[0])["Attributes"]["Bytes"] == {"DataType": "Binary.png", "BinaryValue": "AP8="}
    assert json.loads(lines[1])["MessageId"] == "m-2"


def test_letters_are_on_the_disk_when_they_were_appended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))

    with new_letter_file(path) as file:
        file.append(LETTERS[:1], QueueName.COPY)
        file.append(LETTERS[1:], QueueName.COPY)
        assert synced[-2:] == [len(line_of(LETTERS[0])), path.stat().st_size]


def test_what_was_appended_stays_whatever_happens_then(path: Path) -> None:
    def stop() -> None:
        with new_letter_file(path) as file:
            file.append(LETTERS, QueueName.COPY)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert len(list(read(path))) == 2


def test_a_file_that_is_there_is_left_as_it_is(path: Path) -> None:
    path.write_text("mine")

    with pytest.raises(UsageError, match="exists already"):
        write(path, LETTERS)
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory"):
        write(tmp_path / "no" / "letters.jsonl", LETTERS)


def line_with(**changes: object) -> bytes:
    return json.dumps(json.loads(line_of(LETTERS[1])) | changes).encode()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"hello", "malformed"),
        (b"\xff", "malformed|UTF-8"),
        # How deep is too deep is the interpreter's: from 3.14 on, as deep as its stack.
        (b'{"x":' * 100_000, "recursion|truncated"),
        (b'{"MessageId": "m"}', "missing required field"),
        (line_with(SentAt="soon"), "SentAt"),
        (line_with(Body=""), "Body"),
        (line_with(Attributes={"x": {"DataType": "A", "StringValue": "x"}}), "DataType"),
        (line_with(Attributes={"x": {"DataType": "String"}}), "either a StringValue or a BinaryValue"),
        (line_with(Attributes={"x": {"DataType": "Binary", "BinaryValue": "?"}}), "base64|padding"),
    ],
)
def test_a_line_that_is_no_letter_is_told_by_its_number(path: Path, line: bytes, problem: str) -> None:
    path.write_bytes(line_of(LETTERS[0]) + line + b"\n" + line_of(LETTERS[1]))

    with pytest.raises(UsageError, match=f"^line 2 of .*letters.jsonl is not a letter: .*({problem})"):
        list(read(path))


@pytest.mark.parametrize("kept", [1, 20, 150])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_file_is_read_up_to_a_last_line_that_was_cut_off(path: Path, before: int, kept: int) -> None:
    path.write_bytes(b"".join(map(line_of, LETTERS[:before])) + line_of(LETTERS[0])[:kept])

    letters = LettersOfFile(path)
    assert [stored.letter.id for stored in letters] == [letter.id for letter in LETTERS[:before]]
    assert letters.torn == before + 1


@given(st.data())
def test_wherever_a_file_is_cut_off_the_letters_before_are_read_and_no_other(data: st.DataObject) -> None:
    lines = [line_of(letter) for letter in LETTERS * 2]
    whole = b"".join(lines)
    size = data.draw(st.integers(0, len(whole)))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "letters.jsonl"
        path.write_bytes(whole[:size])

        letters = LettersOfFile(path)
        found = [stored.letter.id for stored in letters]

    ends = list(accumulate(map(len, lines)))
    # The line's end may be what is missing: then the letter is whole.
    assert found == [letter.id for letter, end in zip(LETTERS * 2, ends, strict=True) if end - 1 <= size]
    assert (letters.torn is None) == (size in {0, *ends, *(end - 1 for end in ends)})


def test_zeros_that_a_crash_of_the_machine_leaves_at_the_end_are_a_line_that_was_cut_off(path: Path) -> None:
    path.write_bytes(line_of(LETTERS[0]) + bytes(100))

    letters = LettersOfFile(path)
    assert (len(list(letters)), letters.torn) == (1, 2)


def test_a_last_line_without_its_end_is_a_letter_when_it_is_whole(path: Path) -> None:
    path.write_bytes(line_of(LETTERS[0]) + line_of(LETTERS[1]).rstrip())

    letters = LettersOfFile(path)
    assert (len(list(letters)), letters.torn) == (2, None)


@pytest.mark.parametrize("last", [b"hello", b"[1]", b'{"MessageId": "m"}'])
def test_a_file_of_something_else_is_not_taken_for_one_that_was_cut_off(path: Path, last: bytes) -> None:
    path.write_bytes(last)

    with pytest.raises(UsageError, match=r"^line 1 of .*letters\.jsonl is not a letter"):
        list(read(path))


def test_a_byte_order_mark_and_blank_lines_are_passed_over(path: Path) -> None:
    lines = [line_of(letter).replace(b"\n", b"\r\n") for letter in LETTERS]
    path.write_bytes(b"\xef\xbb\xbf" + lines[0] + b"\r\n  \n" + lines[1] + b"\n")

    letters = LettersOfFile(path)
    assert ([stored.letter.id for stored in letters], letters.torn) == (["m-1", "m-2"], None)


def test_a_line_names_its_queue_and_one_of_an_earlier_version_names_none(path: Path) -> None:
    plain = json.loads(line_of(LETTERS[0]))
    assert plain.pop("Queue") == "copy"
    path.write_bytes(json.dumps(plain).encode() + b"\n" + files.line_of(LETTERS[1], QueueName.AUDIT))

    assert [stored.queue for stored in LettersOfFile(path)] == [None, QueueName.AUDIT]


def test_the_trace_header_is_kept(path: Path) -> None:
    write(path, [a_letter(trace_header="Root=1-5759e988-bd862e3fe1be46a994272793")])

    assert [letter.trace_header for letter in read(path)] == ["Root=1-5759e988-bd862e3fe1be46a994272793"]


@pytest.mark.parametrize("room", [0, 1, 200])
def test_on_a_full_disk_the_file_ends_with_the_last_line_that_was_whole(path: Path, room: int) -> None:
    first = line_of(LETTERS[0])

    with new_letter_file(path) as file, files_end_at(len(first) + room):
        file.append(LETTERS[:1], QueueName.COPY)
        with pytest.raises(CommandError, match=r"letters\.jsonl cannot be written: File too large"):
            file.append(LETTERS, QueueName.COPY)

    assert path.read_bytes() == first


def test_a_letter_that_found_room_again_follows_the_last_whole_line(path: Path) -> None:
    with new_letter_file(path) as file:
        with files_end_at(100), pytest.raises(CommandError):
            file.append(LETTERS, QueueName.COPY)
        file.append(LETTERS, QueueName.COPY)

    assert [letter.id for letter in read(path)] == ["m-1", "m-2"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_what_the_disk_does_not_keep_is_not_in_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with new_letter_file(path) as file:
        monkeypatch.setattr(os, "fsync", failing(number))
        with pytest.raises(CommandError, match=f"letters.jsonl cannot be written: {os.strerror(number)}"):
            file.append(LETTERS, QueueName.COPY)

    assert path.read_bytes() == b""


def failing(number: int) -> Callable[[int], None]:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    return fsync


def test_a_file_that_is_not_there_is_told_of(path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        list(read(path))


def test_what_a_line_says_beyond_the_letter_is_passed_over(path: Path) -> None:
    path.write_text(json.dumps({"Reason": "AccessDenied", "AgeSeconds": 3, **json.loads(line_of(LETTERS[1]))}))

    assert [letter.id for letter in read(path)] == ["m-2"]
