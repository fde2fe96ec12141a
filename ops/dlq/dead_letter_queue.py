"""Owns a sweep of a dead-letter queue: each letter once, and afterwards every one that is left visible again.

A dead-letter queue has no redrive limit of its own, so that being looked at moves no letter on.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from ops.aws.sqs_batches import MOST_ENTRIES
from ops.dlq.calls import DeadLetterCalls, QueueState
from ops.dlq.letter import Letter
from ops.dlq.letters_in_hand import LettersInHand
from ops.dlq.receiving import Receivers
from ops.dlq.threads import on_threads
from ops.failures import CommandError, IncompleteError, UsageError
from ops.interrupts import uninterrupted
from ops.terminal.formats import counted, duration_shown
from ops.terminal.prompts import note
from shared.errors import CopytrailError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

THREADS = 12
# To keep 100,000 letters takes 10,000 calls of some 80 ms: so many threads take a third of the time they are invisible.
_KEEPERS = 8
# How many calls are made at once: a client that is handed over has as many connections.
CONNECTIONS = THREADS + _KEEPERS
# So many long polls in a row bring nothing old, until a queue that is said to hold more counts as empty all the same.
_LONG_POLLS = 3
# What SQS counts is right a minute after the last letter came ("GetQueueAttributes", SQS API reference). Their times do
# not tell letters that a redrive brings meanwhile from the others: they keep the moment they were first sent.
_COUNTS_LAG_S = 60
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

    def __init__(
        self,
        sqs: "SQSClient",
        url: str,
        *,
        most_in_hand: int = _MOST_IN_HAND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = DeadLetterCalls(sqs, url)
        self._most_in_hand = most_in_hand
        self._clock = clock

    @contextmanager
    def sweep(self) -> Iterator["Sweep"]:
        """Go through the queue. However the block ends, letters that were not deleted are then visible again.

        Raises:
            CopytrailError: SQS did not answer.
            CommandError: in this queue, a look would cost.
        """
        state = self._calls.state()
        if state.redrive_policy is not None:
            raise UsageError(
                f"{self._calls.url} has a redrive policy of its own ({state.redrive_policy}), by which a look could"
                " move letters on: take it away"
            )
        with TemporaryFile(prefix="copytrail-") as file:
            sweep = Sweep(self._calls, state, LettersInHand(file), most_in_hand=self._most_in_hand, clock=self._clock)
            with sweep.kept():
                yield sweep


@dataclass(frozen=True)
class Unseen:
    """How many letters a sweep could not see, as far as SQS knows: in others' hands, and `waiting`.

    `back_within_s`: how long a look of ours that was killed leaves letters invisible.
    """

    in_hands: int = 0
    waiting: int = 0
    back_within_s: int = field(default=_SHORTEST_INVISIBLE_S, compare=False)

    def __bool__(self) -> bool:
        return bool(self.in_hands or self.waiting)

    def __str__(self) -> str:
        told = []
        if self.in_hands:
            told.append(
                f"{counted(self.in_hands, 'letter')} cannot be seen at present: somebody looks at them or replays them,"
                " or was stopped while doing so, and then they come back within"
                f" {duration_shown(self.back_within_s)}"
            )
        if self.waiting:
            told.append(f"{counted(self.waiting, 'letter')} more may be there and did not come: try again in a minute")
        return "; ".join(told)

    def check(self) -> None:
        """Let a sweep pass that has seen all.

        Raises:
            IncompleteError: it has not.
        """
        if self:
            raise IncompleteError(str(self))


def _invisible_s(letters: int) -> int:
    return min(_SHORTEST_INVISIBLE_S + letters // _LETTERS_A_SECOND, _LONGEST_INVISIBLE_S)


def not_found(dlq: str, ids: Sequence[str], unseen: Unseen) -> CommandError:
    """What a search for letters by their ids fails with that found none."""
    why = f"no letter of the {dlq} has the id {' or '.join(ids)}"
    return IncompleteError(f"{why}; {unseen}") if unseen else CommandError(why)


class Sweep:
    """One way through a dead-letter queue.

    `waiting`: how many letters it is said to have had before. `unseen`: those that were not seen, once the sweep has
    come to its end.
    """

    def __init__(
        self,
        calls: DeadLetterCalls,
        state: QueueState,
        hand: LettersInHand,
        *,
        most_in_hand: int,
        clock: Callable[[], float],
    ) -> None:
        self.waiting = state.waiting
        self.unseen = Unseen()
        self._calls = calls
        self._state = state
        self._hand = hand
        self._most_in_hand = most_in_hand - state.in_flight
        self._clock = clock
        self._began = clock()
        self._old = 0
        self._found = 0
        self._most: int | None = None
        self._lock = threading.Lock()
        self._is_full = False
        self._has_enough = False
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
        self.unseen = self._count_unseen()

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

    @property
    def _invisible_s(self) -> int:
        # As many as there turn out to be: what SQS says before may be too little.
        return _invisible_s(max(self.waiting, len(self._hand)))

    def _received(self) -> Iterator[list[Letter]]:
        """What one thread receives, until there seems to be nothing more that was there when the sweep began."""
        polls = 0
        while polls < _LONG_POLLS and (not polls or self._old < self.waiting) and not self._is_enough():
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
            began_at = self._state.at
            old = sum(began_at is None or letter.sent_at <= began_at for letter in letters)
            with self._lock:
                self._old += old
                self._found += len(letters)
            polls = 0 if old else polls + 1
            yield letters

    def _is_enough(self) -> bool:
        """Whether as many have come as there were at a moment when SQS's counts knew all that was there before."""
        with self._lock:
            if self._most is None:
                if self._clock() - self._began < _COUNTS_LAG_S:
                    return False
                self._most = self._found + self._calls.state().waiting
            self._has_enough = self._has_enough or self._found >= self._most
            return self._has_enough

    def _count_unseen(self) -> Unseen:
        before = self._state
        missing = max(0, before.waiting - self._old)
        is_cut_off = self._is_full or self._has_enough
        if not (before.in_flight or missing or is_cut_off):
            return Unseen()
        now = self._calls.state()
        # What somebody gave back meanwhile has come. Letters that a redrive brought do not stand for others.
        come_back = max(0, self._old - before.waiting)
        others = min(before.in_flight, max(0, now.in_flight - len(self._hand)))
        return Unseen(
            in_hands=max(before.in_flight - come_back, others),
            waiting=now.waiting if is_cut_off else min(missing, now.waiting),
            back_within_s=_invisible_s(before.waiting + before.in_flight),
        )

    def _keep(self, ended: threading.Event) -> None:
        while not ended.wait(self._invisible_s / 3):
            with on_threads(_KEEPERS) as hand_over:
                for handles in self._hand.handles(MOST_ENTRIES):
                    if ended.is_set():
                        return
                    hand_over(partial(self._keep_some, handles))

    def _keep_some(self, handles: Sequence[str]) -> None:
        # What fails is tried again in its turn. Should it fail for good, others see the letters: nothing is lost.
        with suppress(CopytrailError):
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
