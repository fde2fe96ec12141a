"""Owns files of letters: one JSON object a line, from which each can be sent again as it was."""

import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import msgspec

from ops.dlq.letter import Letter
from ops.failures import Misconfigured
from ops.new_files import check_new
from shared import times
from shared.envelope import Moment, Text, check_moments

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef


class _Attribute(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """A message attribute; bytes as base64."""

    data_type: Annotated[str, msgspec.Meta(pattern=r"^(String|Number|Binary)(\..*)?$")]
    string_value: str | None = None
    binary_value: str | None = None

    def __post_init__(self) -> None:
        if (self.string_value is None) is (self.binary_value is None):
            raise ValueError("an attribute has either a StringValue or a BinaryValue")


class _Line(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A letter as a line has it."""

    message_id: Text
    sent_at: Moment
    body: Text
    attributes: Mapping[str, _Attribute]

    def __post_init__(self) -> None:
        check_moments(SentAt=self.sent_at)


def attributes_in_json(letter: Letter) -> dict[str, dict[str, str]]:
    """A letter's attributes as JSON has them, the bytes as base64."""
    return {
        name: {
            "DataType": value["DataType"],
            **(
                {"BinaryValue": b64encode(value["BinaryValue"]).decode()}
                if "BinaryValue" in value
                else {"StringValue": value.get("StringValue", "")}
            ),
        }
        for name, value in letter.attributes.items()
    }


def line_of(letter: Letter) -> bytes:
    """The line of a letter, with the line's end."""
    line = {
        "MessageId": letter.id,
        "SentAt": times.to_text(letter.sent_at),
        "Body": letter.body,
        "Attributes": attributes_in_json(letter),
    }
    return msgspec.json.encode(line) + b"\n"


@contextmanager
def new_letter_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that has its name at once, and keeps what `append` wrote to it whatever happens then.

    Raises:
        Failure: there is a file already, or the folder cannot be written to.
    """
    check_new(path)
    try:
        file = path.open("xb")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written ({error.strerror}): name another file") from error
    with file:
        _keep_name(path)
        yield file


def append(file: IO[bytes], letters: Iterable[Letter]) -> None:
    """Write letters; when this returns, they are on the disk.

    Raises:
        OSError: they may not be.
    """
    for letter in letters:
        file.write(line_of(letter))
    file.flush()
    os.fsync(file.fileno())


def read(path: Path) -> Iterator[Letter]:
    """The letters of a file, one in memory at a time. They have no receipt handle: they are in no queue.

    Raises:
        Failure: while iterating, a line is not a letter, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield _letter(line)
                except (msgspec.DecodeError, NotBase64, RecursionError) as error:
                    raise Misconfigured(f"line {number} of {path} is not a letter: {error}") from error
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from error


def _letter(line: bytes) -> Letter:
    read_line = msgspec.json.decode(line, type=_Line)
    return Letter(
        id=read_line.message_id,
        body=read_line.body,
        attributes={name: _attribute(value) for name, value in read_line.attributes.items()},
        receipt_handle="",
        sent_at=read_line.sent_at,
    )


def _attribute(value: _Attribute) -> "MessageAttributeValueOutputTypeDef":
    if value.binary_value is not None:
        return {"DataType": value.data_type, "BinaryValue": b64decode(value.binary_value, validate=True)}
    return {"DataType": value.data_type, "StringValue": value.string_value or ""}


def _keep_name(path: Path) -> None:
    # A file that is on the disk is lost all the same where its folder is not.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
