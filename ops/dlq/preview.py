"""Owns the look before letters are touched: which are meant, and which of them nobody wants any more."""

from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

from ops.dlq.currency import Currency, Look, Sources
from ops.dlq.dead_letter_queue import DeadLetterQueue
from ops.dlq.letter import Letter
from ops.dlq.letter_ids import LetterIds
from ops.dlq.results import Found, Result
from ops.dlq.selection import Named, Selection, is_named
from ops.in_order import with_results

# How many sources are looked at at once: a client that is handed over has as many connections.
THREADS = 16
_CURRENT = Look(Currency.CURRENT)


class Preview:
    """What a sweep found. `going`: the ids of the letters to act on; no others may be touched.

    Args:
        sources: where to look whether an upload has been superseded or deleted since; None: nowhere.
        include_superseded: act on those all the same.
    """

    def __init__(
        self, selection: Selection, *, sources: Sources | None = None, include_superseded: bool = False
    ) -> None:
        self.going = LetterIds()
        self.reasons: Counter[str] = Counter()
        self.left_out: Counter[Result] = Counter()
        self.strangers = 0
        self.not_known = 0
        self.why_not_known = ""
        self.ids_of_nothing = set(selection.ids)
        self._selection = selection
        self._sources = sources
        self._include_superseded = include_superseded
        self._named = Named(selection.ids)

    @property
    def found(self) -> int:
        """How many letters are meant, those that are left out too."""
        return len(self.going) + self.left_out.total()

    def look(self, queue: DeadLetterQueue) -> Generator[Found, None, None]:
        """Sweep the queue; every letter that is meant, as it is found.

        Raises:
            CopytrailError: while iterating, SQS did not answer.
            Failure: while iterating, S3 tells of no source; at the end, an id turns out to be that of several letters.
        """
        executor = ThreadPoolExecutor(THREADS, thread_name_prefix="look")
        try:
            with queue.sweep() as sweep:
                meant = (letter for letters in sweep for letter in letters if self._is_meant(letter))
                for letter, look in with_results(executor, self._look_at, meant, ahead=2 * THREADS):
                    yield Found(letter, self._take(letter, look), look.why)
                    if len(self.going) == self._selection.limit:
                        break
        finally:
            executor.shutdown(cancel_futures=True)
        self._named.check()

    def _is_meant(self, letter: Letter) -> bool:
        if self._selection.matches(letter):
            self._named.take(letter)
            self.ids_of_nothing = {id_ for id_ in self.ids_of_nothing if not is_named(letter, id_)}
            return True
        self.strangers += not letter.is_ours
        return False

    def _take(self, letter: Letter, look: Look) -> Result:
        if look.currency in _LEFT_OUT and not self._include_superseded:
            result = _LEFT_OUT[look.currency]
            self.left_out[result] += 1
            return result
        self.going.add(letter.id)
        self.reasons[letter.reason] += 1
        if look.currency is Currency.NOT_KNOWN:
            self.not_known += 1
            self.why_not_known = self.why_not_known or look.why
            return Result.NOT_KNOWN
        return Result.SELECTED

    def _look_at(self, letter: Letter) -> Look:
        return self._sources.look(letter.request.upload) if self._sources and letter.request else _CURRENT


_LEFT_OUT = {Currency.SUPERSEDED: Result.SUPERSEDED, Currency.DELETED: Result.SOURCE_DELETED}
