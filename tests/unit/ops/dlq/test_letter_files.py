"""Letters in files: each can be sent again as it was."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ops.dlq.letter import Letter
from ops.dlq.letter_files import append, line_of, new_letter_file, read
from ops.failures import Misconfigured
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


def write(path: Path, letters: Iterable[Letter]) -> None:
    with new_letter_file(path) as file:
        append(file, letters)


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
        append(file, LETTERS[:1])
        append(file, LETTERS[1:])
        assert synced[-2:] == [len(line_of(LETTERS[0])), path.stat().st_size]


def test_what_was_appended_stays_whatever_happens_then(path: Path) -> None:
    def stop() -> None:
        with new_letter_file(path) as file:
            append(file, LETTERS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert len(list(read(path))) == 2


def test_a_file_that_is_there_is_left_as_it_is(path: Path) -> None:
    path.write_text("mine")

    with pytest.raises(Misconfigured, match="exists already"):
        write(path, LETTERS)
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="No such file or directory"):
        write(tmp_path / "no" / "letters.jsonl", LETTERS)


def line_with(**changes: object) -> bytes:
    return json.dumps(json.loads(line_of(LETTERS[1])) | changes).encode()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"hello", "malformed"),
        (b"", "malformed|truncated"),
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

    with pytest.raises(Misconfigured, match=f"^line 2 of .*letters.jsonl is not a letter: .*({problem})"):
        list(read(path))


def test_a_file_that_was_cut_off_is_told_of(path: Path) -> None:
    path.write_bytes(line_of(LETTERS[0])[:-20])

    with pytest.raises(Misconfigured, match="line 1 of"):
        list(read(path))


def test_a_file_that_is_not_there_is_told_of(path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read: No such file"):
        list(read(path))


def test_what_a_line_says_beyond_the_letter_is_passed_over(path: Path) -> None:
    path.write_text(json.dumps({"Reason": "AccessDenied", "AgeSeconds": 3, **json.loads(line_of(LETTERS[1]))}))

    assert [letter.id for letter in read(path)] == ["m-2"]
