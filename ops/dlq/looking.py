"""Owns a look at the letters that are meant: it changes nothing, and tells how many it has seen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ops.counts import counted
from ops.dlq.dead_letter_queue import THREADS, DeadLetterQueue, Sweep
from ops.dlq.letter import Letter
from ops.dlq.queues import QueueName
from ops.dlq.selection import Selection
from ops.output import note
from ops.progress import progress
from ops.stack_outputs import Stack


@dataclass
class Look:
    """The letters that are meant, as they come. `seen`: of all letters so far; `matched`: of those that are meant."""

    queue: QueueName
    selection: Selection
    _sweep: Sweep
    _advance: Callable[[int], None]
    seen: int = 0
    matched: int = 0

    def __iter__(self) -> Iterator[Letter]:
        """The letters.

        Raises:
            CopytrailError: SQS did not answer.
        """
        for letters in self._sweep:
            self._advance(len(letters))
            for letter in letters:
                self.seen += 1
                if self.selection.shows(letter):
                    self.matched += 1
                    yield letter
                    if self.matched == self.selection.limit:
                        return

    @property
    def elsewhere(self) -> str:
        """What a person is told of letters that a look cannot see, or ""."""
        if not self._sweep.in_flight:
            return ""
        return (
            f"{counted(self._sweep.in_flight, 'letter')} cannot be seen at present: somebody looks at them or replays"
            " them, or was stopped while doing so"
        )

    def tell(self) -> None:
        """Tell how many there were, on stderr."""
        options = self.selection.as_options()
        if not self.seen:
            told = f"the {self.queue.dlq} is empty" if not self.elsewhere else f"no letter in the {self.queue.dlq}"
        elif not self.matched:
            told = f"no letter matches {options}, of {counted(self.seen, 'letter')} in the {self.queue.dlq}"
        elif self.matched == self.selection.limit:
            told = f"the first {counted(self.matched, 'letter')} of the {self.queue.dlq}"
        elif self.matched < self.seen:
            told = f"{counted(self.matched, 'letter')} of {self.seen:,} in the {self.queue.dlq}"
        else:
            told = f"{counted(self.matched, 'letter')} in the {self.queue.dlq}"
        note(f"{told}; {self.elsewhere}" if self.elsewhere else told)


@contextmanager
def looking(stack: Stack, queue: QueueName, selection: Selection, *, with_progress: bool = False) -> Iterator[Look]:
    """Look at the letters of a queue; when the block ends, they are all visible to others again.

    Raises:
        CopytrailError: SQS did not answer.
        Failure: there is no such stack, or a look would cost.
    """
    dead_letters = DeadLetterQueue(stack.client("sqs", connections=THREADS), queue.dlq_url(stack))
    with dead_letters.sweep() as sweep:
        if not with_progress:
            yield Look(queue, selection, sweep, _advance=lambda _: None)
            return
        with progress("Looking", total=sweep.waiting or None, unit="letters") as advance:
            yield Look(queue, selection, sweep, advance)
