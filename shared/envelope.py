"""What EventBridge puts around an event, and how an event is read out of it: strictly, naming the wrong field."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec

from shared import times
from shared.errors import PermanentError, Reason

Text = Annotated[str, msgspec.Meta(min_length=1)]
# One that may have no moment in UTC: a struct that has some checks them when it is made.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

S = TypeVar("S", bound=msgspec.Struct)


class Envelope(msgspec.Struct, frozen=True):
    """An event as EventBridge delivers it; its detail is still JSON text."""

    source: Text
    detail_type: Text = msgspec.field(name="detail-type")
    time: Moment
    detail: msgspec.Raw

    def __post_init__(self) -> None:
        check_moments(time=self.time)


# How the detail of an event is read, by the event's source and detail-type.
Readers = Mapping[tuple[str, str], Callable[[Envelope], S]]


def check_moments(**moments: datetime) -> None:
    """Let moments of the UTC calendar pass.

    Raises:
        ValueError: one is none, and cannot be written or compared; names its field.
    """
    for name, moment in moments.items():
        try:
            times.to_utc(moment)
        except ValueError as error:
            raise ValueError(f"`{name}` cannot be read: {error}") from error


def decode(body: str, readers: Readers[S]) -> S:
    """Read an event of one of the kinds that there are readers for.

    Raises:
        PermanentError: `MalformedEvent`, naming the field; `UnsupportedEvent`, naming the kind of event.
    """
    try:
        envelope = msgspec.json.decode(body, type=Envelope)
    except (ValueError, RecursionError) as error:
        raise malformed(str(error)) from error
    read = readers.get((envelope.source, envelope.detail_type))
    if read is None:
        expected = ", ".join(f"'{detail_type}' from {source}" for source, detail_type in readers)
        raise PermanentError(
            Reason.UNSUPPORTED_EVENT, f"'{envelope.detail_type}' from {envelope.source} is not one of: {expected}"
        )
    return read(envelope)


def detail(envelope: Envelope, kind: type[S]) -> S:
    """Read an event's detail.

    Raises:
        PermanentError: `MalformedEvent`, naming the field.
    """
    try:
        return msgspec.json.decode(envelope.detail, type=kind)
    except (ValueError, RecursionError) as error:
        problem = str(error)
        where = problem.replace("`$", "`$.detail", 1) if "`$" in problem else f"{problem} - at `$.detail`"
        raise malformed(where) from error


def malformed(problem: str) -> PermanentError:
    """What an event that cannot be read fails with."""
    return PermanentError(Reason.MALFORMED_EVENT, f"not an event of ours: {problem}")
