"""A read-only pass over the letters that a person selects, which tells how many there were."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ops.dlq.letter import Letter
from ops.dlq.queue import DeadLetterQueue, QueueName
from ops.dlq.selection import IdMatches, Selection
from ops.dlq.sweep import CONNECTIONS, Sweep, not_found, sweep
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.progress import progress
from ops.terminal.prompts import note

# The characters of a whole id.
_WHOLE_ID = 36


@dataclass
class Snapshot:
    """The letters that are selected, as they come. `seen`: of all letters so far; `matched`: of the selected ones."""

    queue: QueueName
    selection: Selection
    sweep: Sweep
    _advance: Callable[[int], None]
    seen: int = 0
    matched: int = 0

    def __post_init__(self) -> None:
        self.id_matches = IdMatches(self.selection)

    def __iter__(self) -> Iterator[Letter]:
        """The letters.

        Raises:
            CopytrailError: SQS did not answer.
        """
        for letters in self.sweep:
            self._advance(len(letters))
            for letter in letters:
                self.seen += 1
                self.id_matches.take(letter)
                if self.selection.shows(letter):
                    self.matched += 1
                    yield letter
                    if self.matched == self.selection.limit:
                        return

    def tell(self) -> None:
        """Tell how many there were, on stderr.

        Raises:
            CommandError: an id is that of no letter.
            IncompleteError: there are letters that could not be seen.
        """
        dlq = self.queue.dlq
        if not self.seen:
            note(f"no letter of the {dlq} could be seen" if self.sweep.unseen else f"the {dlq} is empty")
        elif not self.matched:
            note(f"no letter matches {self.selection.as_options()}, of {counted(self.seen, 'letter')} in the {dlq}")
        elif self.matched == self.selection.limit:
            note(f"the first {counted(self.matched, 'letter')} of the {dlq}")
            return
        elif self.matched < self.seen:
            note(f"{counted(self.matched, 'letter')} of {self.seen:,} in the {dlq}")
        else:
            note(f"{counted(self.matched, 'letter')} in the {dlq}")
        for line in self.id_matches.excluded:
            note(line)
        if missing := self.id_matches.of_nothing:
            raise not_found(dlq, missing, self.sweep.unseen)
        self.sweep.unseen.check()


@contextmanager
def snapshot(
    stack: Stack, queue: QueueName, selection: Selection, *, with_progress: bool = False
) -> Iterator[Snapshot]:
    """Read the letters of a queue; when the block ends, they are all visible to others again.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: there is no such stack, or reading would move letters on.
    """
    dead_letters = DeadLetterQueue(stack.client("sqs", connections=CONNECTIONS), queue.dlq_url(stack))
    with sweep(dead_letters) as begun:
        if not with_progress:
            yield Snapshot(queue, selection, begun, _advance=lambda _: None)
            return
        with progress("Reading", total=begun.waiting or None, unit="letter") as advance:
            yield Snapshot(queue, selection, begun, advance)


def find(stack: Stack, queue: QueueName, id_: str) -> Letter:
    """The letter that has an id, or whose id begins like this; a whole id is found sooner.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: no letter has it, or several begin like this.
    """
    found: Letter | None = None
    with snapshot(stack, queue, Selection(ids=(id_,)), with_progress=True) as letters:
        for letter in letters:
            found = letter
            if len(id_) == _WHOLE_ID:
                break
        else:
            letters.id_matches.check()
    if found is None:
        raise not_found(queue.dlq, [id_], letters.sweep.unseen)
    return found
