"""What becomes of a message that failed: whether it is delivered again, after which delay, or dead-lettered."""

from collections.abc import Callable

from shared.errors import AccessDeniedError, CopytrailError, PermanentError, Reason, TransientError
from shared.lambda_runtime.message import DeadLetter, Message, Queue

_FIRST_DELAY_S = 2.0
_LONGEST_DELAY_S = 300.0
# What a message waits for that is denied on its first, second, third receive: 7.5 minutes in all. Later, it is final.
_DENIED_DELAYS_S = (30.0, 120.0, 300.0)


class UntouchedError(TransientError):
    """Time ran short before a message was begun: it may be delivered again at once."""


class OccupiedError(TransientError):
    """Somebody else is at work where the message would be: it has time to come again after that one has ended."""


def final_error(error: Exception, message: Message, max_receive_count: int) -> CopytrailError:
    """The error that ends a message's deliveries: a permanent one, or any on the last receive that the queue allows.

    Raises:
        CopytrailError: the message has receives left, and a retry may cure it: it is transient, or denied on one of the
            first receives, when the permission may be on its way. Errors that are not ours are bugs until shown
            otherwise, and count as transient.
    """
    ours = as_copytrail_error(error)
    may_pass = isinstance(ours, AccessDeniedError) and message.receive_count <= len(_DENIED_DELAYS_S)
    if (isinstance(ours, PermanentError) and not may_pass) or is_last_receive(message, max_receive_count):
        return ours
    raise ours


def is_last_receive(message: Message, max_receive_count: int) -> bool:
    """Whether a message that fails now could not come again."""
    # Lambda tells messages apart by their ids: one without could only come again with its whole batch.
    return message.receive_count >= max_receive_count or not message.id


def retry_delay(error: CopytrailError, receive_count: int, uniform: Callable[[float, float], float]) -> float:
    """Seconds until a message's next delivery: exponential with full jitter, from 2 s to 5 min, for most errors.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
    """
    if isinstance(error, UntouchedError):
        return 0.0
    if error.reason == Reason.OUT_OF_TIME:
        # Its thread may go on when Lambda thaws this environment: let the requests that it made end first.
        return _LONGEST_DELAY_S
    if isinstance(error, OccupiedError):
        # With 5 receives, the least that a queue may allow, the last comes when a function of 15 minutes has ended.
        return _LONGEST_DELAY_S if receive_count > 1 else _LONGEST_DELAY_S / 5
    if isinstance(error, AccessDeniedError):
        return _DENIED_DELAYS_S[min(receive_count, len(_DENIED_DELAYS_S)) - 1]
    ceiling = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(receive_count, 16))
    return uniform(_FIRST_DELAY_S, ceiling)


def dead_letter(queue: Queue, letter: DeadLetter) -> CopytrailError | None:
    """Put a message into the dead-letter queue; None when it was accepted, else why the message must stay."""
    try:
        queue.dead_letter(letter)
    except Exception as problem:  # noqa: BLE001 - what one message holds must not fail its neighbours
        refused = as_copytrail_error(problem)
        error = TransientError(
            Reason.LETTER_NOT_ACCEPTED,
            f"{refused.message}; the letter says {letter.error.reason}: {letter.error.message}",
        )
        error.__cause__ = refused
        return error
    return None


def as_copytrail_error(error: Exception) -> CopytrailError:
    """The error itself, if it is ours; else a bug until shown otherwise, for which a retry may go another way."""
    if isinstance(error, CopytrailError):
        return error
    ours = TransientError(Reason.UNEXPECTED_ERROR, f"{type(error).__name__}: {error}")
    ours.__cause__ = error
    return ours
