"""Owns a look at the letters that are meant: it changes nothing, and tells how many it has seen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ops.dlq.dead_letter_queue import CONNECTIONS, DeadLetterQueue, Sweep, Unseen, not_found
from ops.dlq.letter import Letter
from ops.dlq.queues import QueueName
from ops.dlq.selection import Named, Selection
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.progress import progress
from ops.terminal.prompts import note


@dataclass
class Look:
    """The letters that are meant, as they come. `seen`: of all letters so far; `matched`: of those that are meant."""

    queue: QueueName
    selection: Selection
    _sweep: Sweep
    _advance: Callable[[int], None]
    seen: int = 0
    matched: int = 0

    def __post_init__(self) -> None:
        self.named = Named(self.selection)

    def __iter__(self) -> Iterator[Letter]:
        """The letters.

        Raises:
            CopytrailError: SQS did not answer.
        """
        for letters in self._sweep:
            self._advance(len(letters))
            for letter in letters:
                self.seen += 1
                self.named.take(letter)
                if self.selection.shows(letter):
                    self.matched += 1
                    yield letter
                    if self.matched == self.selection.limit:
                        return

    @property
    def unseen(self) -> Unseen:
        """What a look that came to its end could not see."""
        return self._sweep.unseen

    def tell(self) -> None:
        """Tell how many there were, on stderr.

        Raises:
            CommandError: an id is that of no letter.
            IncompleteError: there are letters that could not be seen.
        """
        dlq = self.queue.dlq
        if not self.seen:
            note(f"no letter of the {dlq} could be seen" if self.unseen else f"the {dlq} is empty")
        elif not self.matched:
            note(f"no letter matches {self.selection.as_options()}, of {counted(self.seen, 'letter')} in the {dlq}")
        elif self.matched == self.selection.limit:
            note(f"the first {counted(self.matched, 'letter')} of the {dlq}")
            return
        elif self.matched < self.seen:
            note(f"{counted(self.matched, 'letter')} of {self.seen:,} in the {dlq}")
        else:
            note(f"{counted(self.matched, 'letter')} in the {dlq}")
        for line in self.named.excluded:
            note(line)
        if missing := self.named.of_nothing:
            raise not_found(dlq, missing, self.unseen)
        self.unseen.check()


@contextmanager
def looking(stack: Stack, queue: QueueName, selection: Selection, *, with_progress: bool = False) -> Iterator[Look]:
    """Look at the letters of a queue; when the block ends, they are all visible to others again.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: there is no such stack, or a look would cost.
    """
    dead_letters = DeadLetterQueue(stack.client("sqs", connections=CONNECTIONS), queue.dlq_url(stack))
    with dead_letters.sweep() as sweep:
        if not with_progress:
            yield Look(queue, selection, sweep, _advance=lambda _: None)
            return
        with progress("Looking", total=sweep.waiting or None, unit="letters") as advance:
            yield Look(queue, selection, sweep, advance)
