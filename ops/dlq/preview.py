"""Owns the look before letters are touched: which are meant, and which of them nobody wants any more."""

from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from ops.aws.concurrency import with_results
from ops.dlq.currency import Currency, Look, Sources
from ops.dlq.dead_letter_queue import DeadLetterQueue, Unseen, not_found
from ops.dlq.letter import Letter
from ops.dlq.letter_ids import LetterIds
from ops.dlq.queues import QueueName
from ops.dlq.results import Found, Result
from ops.dlq.selection import Named, Selection
from ops.failures import CommandError
from ops.stack import Stack
from ops.terminal.formats import counted

# How many sources are looked at at once: a client that is handed over has as many connections.
THREADS = 16
_CURRENT = Look(Currency.CURRENT)


@contextmanager
def sources_of(stack: Stack, queue: QueueName) -> Iterator[Sources | None]:
    """Where to look whether the uploads of a queue's letters have been superseded; None: they ask for no copy."""
    if queue is not QueueName.COPY:
        yield None
        return
    with closing(stack.client("s3", connections=THREADS)) as s3:
        yield Sources(s3, stack.routes)


class Preview:
    """What a sweep found. `going`: the ids of the letters to act on; no others may be touched.

    What was superseded since is of no use to anybody, with one exception: where a delivery may have copied it and died,
    only the copier knows to check that the newest upload is at the destination. Such a letter is replayed, and not
    dropped.

    Args:
        sources: where to look whether an upload has been superseded or deleted since; None: nowhere.
        include_superseded: act on those all the same.
        drops: the letters are dropped, not replayed.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        sources: Sources | None = None,
        include_superseded: bool = False,
        drops: bool = False,
    ) -> None:
        self.going = LetterIds()
        self.reasons: Counter[str] = Counter()
        self.left_out: Counter[Result] = Counter()
        self.strangers = 0
        self.to_check = 0
        self.not_known = 0
        self.why_not_known = ""
        self.named = Named(selection)
        self.ids_of_nothing: list[str] = []
        self.unseen = Unseen()
        self._selection = selection
        self._sources = sources
        self._include_superseded = include_superseded
        self._drops = drops

    @property
    def found(self) -> int:
        """How many letters are meant, those that are left out too."""
        return len(self.going) + self.left_out.total()

    def look(self, queue: DeadLetterQueue) -> Generator[Found, None, None]:
        """Sweep the queue; every letter that is meant, as it is found.

        Raises:
            CopytrailError: while iterating, SQS did not answer.
            CommandError: while iterating, S3 tells of no source; at the end, an id turns out to be that of
                several letters.
        """
        executor = ThreadPoolExecutor(THREADS, thread_name_prefix="look")
        try:
            with queue.sweep() as sweep:
                meant = (letter for letters in sweep for letter in letters if self._is_meant(letter))
                for letter, look in with_results(executor, self._look_at, meant, ahead=2 * THREADS):
                    yield Found(letter, self._take(letter, look), look.why)
                    if len(self.going) == self._selection.limit:
                        break
                else:
                    self.unseen = sweep.unseen
                    self.ids_of_nothing = self.named.of_nothing
        finally:
            executor.shutdown(cancel_futures=True)
        self.named.check()

    def check_all(self, dlq: str) -> None:
        """Let a preview pass that has found all that was meant, and knows of it what it should.

        Raises:
            CommandError: an id is that of no letter, or a source could not be looked at.
            IncompleteError: there are letters that could not be seen.
        """
        if self.ids_of_nothing:
            raise not_found(dlq, self.ids_of_nothing, self.unseen)
        if self.not_known:
            raise CommandError(f"the source of {counted(self.not_known, 'letter')} could not be looked at")
        self.unseen.check()

    def _is_meant(self, letter: Letter) -> bool:
        self.named.take(letter)
        if self._selection.matches(letter):
            return True
        self.strangers += not letter.is_ours
        return False

    def _take(self, letter: Letter, look: Look) -> Result:
        if (result := self._left_out(letter, look)) and not self._include_superseded:
            self.left_out[result] += 1
            return result
        self.going.add(letter.id)
        self.reasons[letter.reason] += 1
        self.to_check += look.currency is Currency.SUPERSEDED and letter.may_have_copied
        if look.currency is Currency.NOT_KNOWN:
            self.not_known += 1
            self.why_not_known = self.why_not_known or look.why
            return Result.NOT_KNOWN
        return Result.SELECTED

    def _left_out(self, letter: Letter, look: Look) -> Result | None:
        if look.currency is Currency.SUPERSEDED:
            return Result.SUPERSEDED if letter.may_have_copied is self._drops else None
        return Result.SOURCE_DELETED if look.currency is Currency.DELETED and not self._drops else None

    def _look_at(self, letter: Letter) -> Look:
        is_of_use = letter.may_have_copied or not self._drops
        return self._sources.look(letter.request.upload) if self._sources and letter.request and is_of_use else _CURRENT
