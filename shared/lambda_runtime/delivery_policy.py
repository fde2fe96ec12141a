"""Owns what a queue's message is to us: how often it came, when it comes again, how it is explained when dead."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.errors import AccessDeniedError, CopytrailError, PermanentError, Reason, TransientError

_FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 300.0
# What a message waits for that is denied on its first, second, third receive: 7.5 minutes in all. Later, it is final.
_DENIED_DELAYS_S = (30.0, 120.0, 300.0)
# The message attribute with which a replay says who asked for it.
REPLAYED_BY = "ReplayedBy"
# The one with which it says which operation it is part of.
REPLAY_OPERATION = "ReplayOperation"


class OccupiedError(TransientError):
    """Somebody else is at work where the message would be: it has time to come again after that one has ended."""


@dataclass(frozen=True)
class Past:
    """What a message brings from the dead-letter queue. `replayed_by`: the ARN of who sent it back, if known.

    `replay_operation`: the id of the operation that sent it back, if known.
    """

    attempts: int = 0
    first_seen: datetime | None = None
    replayed_by: str | None = None
    replay_operation: str | None = None


@dataclass(frozen=True, eq=False)
class Message:
    """One delivery of an SQS message. `past`: it was in the dead-letter queue before.

    It equals itself only: a standard queue may deliver one message twice in a batch.
    """

    id: str
    body: str
    receipt_handle: str
    receive_count: int
    sent_at: datetime | None
    past: Past | None = None

    @property
    def attempts(self) -> int:
        """How often it was delivered, also before it was replayed."""
        return self.receive_count + (self.past.attempts if self.past else 0)

    @property
    def first_seen(self) -> datetime | None:
        """When it was sent, for the first time, where that is known."""
        return (self.past and self.past.first_seen) or self.sent_at


@dataclass(frozen=True)
class DeadLetter:
    """A message that only a person can help, with the reason beside it. `log_id` is None when it names no upload."""

    message: Message
    error: CopytrailError
    log_id: str | None


class Queue(Protocol):
    """The queue a function is fed from, and that queue's dead-letter queue."""

    def dead_letter(self, letter: DeadLetter) -> None:
        """Put a message into the dead-letter queue with its reason. Raises CopytrailError when not accepted."""

    def send(self, body: str) -> None:
        """Put a message into the queue itself. Raises CopytrailError when not accepted."""

    def deliver_again(self, message: Message, after_s: float) -> None:
        """Make a message visible again after so many seconds. Raises CopytrailError when not accepted."""


def bury(queue: Queue, letter: DeadLetter) -> CopytrailError | None:
    """Put a message into the dead-letter queue; None when it was accepted, else why the message must stay."""
    try:
        queue.dead_letter(letter)
    except Exception as problem:  # noqa: BLE001 - what one message holds must not fail its neighbours
        refused = problem if isinstance(problem, CopytrailError) else unexpected(problem)
        error = TransientError(
            Reason.LETTER_NOT_ACCEPTED,
            f"{refused.message}; the letter says {letter.error.reason}: {letter.error.message}",
        )
        error.__cause__ = refused
        return error
    return None


def retry_delay(error: CopytrailError, receive_count: int, uniform: Callable[[float, float], float]) -> float:
    """Seconds until the next try: exponential with full jitter, from 2 s to 5 min; longer for a permission to come.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
    """
    if isinstance(error, AccessDeniedError):
        return _DENIED_DELAYS_S[min(receive_count, len(_DENIED_DELAYS_S)) - 1]
    ceiling = min(LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(receive_count, 16))
    return uniform(_FIRST_DELAY_S, ceiling)


def final_error(error: Exception, message: Message, max_receive_count: int) -> CopytrailError:
    """The error that ends a message's deliveries: a permanent one, or any on the last receive that the queue allows.

    Raises:
        CopytrailError: the message has receives left, and a retry may cure it: it is transient, or denied on one of the
            first receives, when the permission may be on its way. Errors that are not ours are bugs until shown
            otherwise, and count as transient.
    """
    ours = error if isinstance(error, CopytrailError) else unexpected(error)
    may_pass = isinstance(ours, AccessDeniedError) and message.receive_count <= len(_DENIED_DELAYS_S)
    if (isinstance(ours, PermanentError) and not may_pass) or message.receive_count >= max_receive_count:
        return ours
    raise ours


def unexpected(error: Exception) -> TransientError:
    """What is not ours is a bug until shown otherwise; a retry may go another way."""
    ours = TransientError(Reason.UNEXPECTED_ERROR, f"{type(error).__name__}: {error}")
    ours.__cause__ = error
    return ours
