"""Files of letters: one JSON object a line, from which each can be sent again as it was."""

import os
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Annotated, NamedTuple, Required, TypedDict

import msgspec

from ops.atomic_files import check_new, keep_name, new_file, not_written
from ops.dlq.letter import Letter
from ops.dlq.queue import QueueName
from ops.errors import UsageError
from shared import times
from shared.envelope import Moment, Text, check_moments


class _Attribute(TypedDict, total=False):
    """A message attribute as boto3 gives it; in JSON, its bytes are Base64."""

    DataType: Required[Annotated[str, msgspec.Meta(pattern=r"^(String|Number|Binary)(\..*)?$")]]
    StringValue: str
    BinaryValue: bytes


class _Line(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A letter as a line has it. Lines of earlier versions have neither queue nor trace."""

    message_id: Text
    sent_at: Moment
    body: Text
    attributes: Mapping[str, _Attribute]
    queue: QueueName | None = None
    trace_header: Text | None = msgspec.field(name="AWSTraceHeader", default=None)

    def __post_init__(self) -> None:
        check_moments(SentAt=self.sent_at)
        if any(("StringValue" in value) is ("BinaryValue" in value) for value in self.attributes.values()):
            raise ValueError("an attribute has either a StringValue or a BinaryValue")


class Stored(NamedTuple):
    """A letter of a file, and the queue whose dead letter it was, where the file says so."""

    letter: Letter
    queue: QueueName | None


def line_of(letter: Letter, queue: QueueName | None) -> bytes:
    """The line of a dead letter of a queue, with the line's end."""
    named = {
        "Queue": queue,
        "MessageId": letter.id,
        "SentAt": times.to_text(letter.sent_at),
        "AWSTraceHeader": letter.trace_header,
        "Body": letter.body,
        "Attributes": letter.attributes,
    }
    return msgspec.json.encode({name: value for name, value in named.items() if value is not None}) + b"\n"


class LetterFile:
    """A file that letters are appended to. It holds whole lines that are on the disk, and nothing else.

    Args:
        path: what a person calls it.
        descriptor: the file, open and empty.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._size = 0

    def append(self, letters: Sequence[Letter], queue: QueueName) -> None:
        """Write dead letters of a queue; when this returns, they are on the disk.

        Raises:
            CommandError: they are not, and none of them is in the file.
        """
        lines = b"".join(line_of(letter, queue) for letter in letters)
        try:
            _write(self._descriptor, lines)
            os.fsync(self._descriptor)
        except OSError as error:
            self._cut_back()
            raise not_written(self._path, error) from error
        self._size += len(lines)

    def _cut_back(self) -> None:
        # Should the disk refuse that, too, a part of a line is left at the end: whoever reads the file passes it over.
        with suppress(OSError):
            os.ftruncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
            os.fsync(self._descriptor)


def write_letters(path: Path, letters: Iterable[Letter], queue: QueueName) -> None:
    """Write dead letters of a queue to a new file, which has its name only when it is whole; none: no file.

    Raises:
        CommandError: there is a file already, or the disk does not take all of it.
    """
    some = iter(letters)
    first = next(some, None)
    if first is None:
        return
    with new_file(path) as opened:
        for letter in chain([first], some):
            opened.write(line_of(letter, queue))


@contextmanager
def new_letter_file(path: Path) -> Iterator[LetterFile]:
    """A file that has its name at once, and keeps what was appended to it whatever happens then.

    Raises:
        CommandError: there is a file already, or the folder cannot be written to.
    """
    check_new(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): name another file") from error
    try:
        try:
            keep_name(path)
        except OSError as error:
            raise not_written(path, error) from error
        yield LetterFile(path, descriptor)
    finally:
        os.close(descriptor)


class LettersOfFile:
    """The letters of a file, one in memory at a time. They have no receipt handle: they are in no queue.

    `torn`: the number of a last line that was cut off, once it has been met: what it held is no letter.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.torn: int | None = None

    def __iter__(self) -> Iterator[Stored]:
        """The letters; lines that are blank are passed over.

        Raises:
            CommandError: a line that is not the last is not a letter, or the file cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    text = line.removeprefix(BOM_UTF8) if number == 1 else line
                    if text.strip():
                        stored = self._stored(number, text)
                        if stored is None:
                            self.torn = number
                            return
                        yield stored
        except OSError as error:
            raise UsageError(f"{self._path} cannot be read: {error.strerror}") from error

    def _stored(self, number: int, line: bytes) -> Stored | None:
        try:
            read_line = msgspec.json.decode(line, type=_Line)
        except msgspec.ValidationError as error:
            # It is whole JSON, and not what we wrote.
            raise self._no_letter(number, error) from error
        except (msgspec.DecodeError, RecursionError) as error:
            if not line.endswith(b"\n") and (number > 1 or line.startswith(b"{")):
                return None
            raise self._no_letter(number, error) from error
        letter = Letter(
            id=read_line.message_id,
            body=read_line.body,
            attributes=read_line.attributes,  # type: ignore[arg-type]  # boto3's type has two more, which SQS has not
            receipt_handle="",
            sent_at=read_line.sent_at,
            trace_header=read_line.trace_header,
        )
        return Stored(letter, read_line.queue)

    def _no_letter(self, number: int, error: Exception) -> UsageError:
        return UsageError(f"line {number} of {self._path} is not a letter: {error}")


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
