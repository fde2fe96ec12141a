"""Owns a sweep of a dead-letter queue: each letter once, and afterwards every one that is left visible again.

A dead-letter queue has no redrive limit of its own, so that being looked at moves no letter on.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from ops.counts import counted
from ops.dlq.batches import MOST_ENTRIES
from ops.dlq.calls import DeadLetterCalls, QueueState
from ops.dlq.interruption import uninterrupted
from ops.dlq.letter import Letter
from ops.dlq.letters_in_hand import LettersInHand
from ops.dlq.receiving import Receivers
from ops.dlq.threads import on_threads
from ops.durations import duration_shown
from ops.failures import Misconfigured
from ops.output import note
from shared.errors import CopytrailError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# How many calls are made at once: a client that is handed over has as many connections.
THREADS = 12
# So many long polls in a row bring nothing old, until a queue that is said to hold more counts as empty all the same.
_LONG_POLLS = 3
# A standard queue has no more than about 120,000 letters in flight ("Amazon SQS message quotas").
_MOST_IN_HAND = 115_000
_OVER_LIMIT = "OverLimit"
# A letter that became visible by itself, or was deleted by somebody else.
_NOT_IN_HAND = ("MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue")
# What is in hand stays invisible for so long and is kept so, so that letters come back soon when nobody keeps them.
_SHORTEST_INVISIBLE_S = 30
_LONGEST_INVISIBLE_S = 12 * 60 * 60
_LETTERS_A_SECOND = 400


class DeadLetterQueue:
    """A dead-letter queue, to be looked at letter by letter."""

    def __init__(self, sqs: "SQSClient", url: str, *, most_in_hand: int = _MOST_IN_HAND) -> None:
        self._calls = DeadLetterCalls(sqs, url)
        self._most_in_hand = most_in_hand

    @contextmanager
    def sweep(self) -> Iterator["Sweep"]:
        """Go through the queue. However the block ends, letters that were not deleted are then visible again.

        Raises:
            CopytrailError: SQS did not answer.
            Failure: in this queue, a look would cost.
        """
        state = self._calls.state()
        if state.redrive_policy is not None:
            raise Misconfigured(
                f"{self._calls.url} has a redrive policy of its own ({state.redrive_policy}), by which a look could"
                " move letters on: take it away"
            )
        with TemporaryFile(prefix="copytrail-") as file:
            sweep = Sweep(self._calls, state, LettersInHand(file), most_in_hand=self._most_in_hand)
            with sweep.kept():
                yield sweep


class Sweep:
    """One way through a dead-letter queue. `waiting`, `in_flight`: how many letters it is said to have had before."""

    def __init__(self, calls: DeadLetterCalls, state: QueueState, hand: LettersInHand, *, most_in_hand: int) -> None:
        self.waiting = state.waiting
        self.in_flight = state.in_flight
        self._calls = calls
        self._began_at = state.at
        self._hand = hand
        self._most_in_hand = most_in_hand - state.in_flight
        self._invisible_s = min(_SHORTEST_INVISIBLE_S + state.waiting // _LETTERS_A_SECOND, _LONGEST_INVISIBLE_S)
        self._found = 0
        self._lock = threading.Lock()
        self._is_full = False
        self._receivers: list[Receivers] = []

    def __iter__(self) -> Iterator[Sequence[Letter]]:
        """The letters, up to 10 at a time, each once. What came to the queue since may or may not be among them.

        Raises:
            CopytrailError: SQS did not answer.
        """
        receivers = Receivers(min(THREADS, 1 + self.waiting // MOST_ENTRIES), self._received)
        self._receivers.append(receivers)
        yield from receivers.received()
        if self._is_full:
            note(
                f"SQS gives out no more than about 120,000 letters at a time: these are the first {self._found:,}."
                " Replay or drop some of them to see the others."
            )

    def delete(self, letters: Sequence[Letter]) -> list[tuple[Letter, str]]:
        """Delete letters from the queue, on any thread; those that are not deleted, each with why.

        Raises:
            CopytrailError: SQS did not answer the first call; nothing is known to be deleted.
        """
        kept: list[tuple[Letter, str]] = []
        for start in range(0, len(letters), MOST_ENTRIES):
            some = letters[start : start + MOST_ENTRIES]
            try:
                told = self._calls.delete([self._hand.handle(letter) for letter in some])
            except CopytrailError as error:
                if not start:
                    raise
                told = [error.message] * len(some)
            for letter, why in zip(some, told, strict=True):
                if why is None:
                    self._hand.let_go(letter)
                else:
                    kept.append((letter, why))
        return kept

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep what is in hand invisible to others during the block, and make it visible again after it."""
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(ended,), name="keep", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            with uninterrupted():
                for receivers in self._receivers:
                    receivers.stop()
                ended.set()
                keeper.join()
                self._give_back()

    def _received(self) -> Iterator[list[Letter]]:
        """What one thread receives, until there seems to be nothing more that was there when the sweep began."""
        polls = 0
        while polls < _LONG_POLLS and (not polls or self._found < self.waiting):
            if len(self._hand) >= self._most_in_hand:
                self._is_full = True
                return
            try:
                letters = self._hand.take(self._calls.receive(self._invisible_s))
            except CopytrailError as error:
                if not error.reason.endswith(_OVER_LIMIT):
                    raise
                self._is_full = True
                return
            # Where letters come in all the time, a queue is never empty.
            old = sum(self._began_at is None or letter.sent_at <= self._began_at for letter in letters)
            with self._lock:
                self._found += old
            polls = 0 if old else polls + 1
            yield letters

    def _keep(self, ended: threading.Event) -> None:
        while not ended.wait(self._invisible_s / 3):
            # What fails is tried again in its turn. Should it fail for good, others see the letters: nothing is lost.
            with suppress(CopytrailError):
                for handles in self._hand.handles(MOST_ENTRIES):
                    if ended.is_set():
                        return
                    self._calls.change_visibility(handles, self._invisible_s)

    def _give_back(self) -> None:
        total = len(self._hand)
        given: list[int] = []

        def give(handles: Sequence[str]) -> None:
            told = self._calls.change_visibility(handles, 0)
            given.append(sum(why is None or why.startswith(_NOT_IN_HAND) for why in told))

        why = ""
        try:
            with on_threads(THREADS) as hand_over:
                for handles in self._hand.drain(MOST_ENTRIES):
                    hand_over(partial(give, handles))
        except CopytrailError as error:
            why = f" ({error.message})"
        finally:
            if left := total - sum(given):
                note(
                    f"{counted(left, 'letter')} could not be made visible again{why}: they come"
                    f" back by themselves within {duration_shown(self._invisible_s)}"
                )
