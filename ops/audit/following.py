"""Owns following the index of days as it grows: every record once, also those that come late."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from shared.audit_log.query import CLOCKS_DIFFER_BY
from shared.audit_log.record import Record
from shared.errors import CopytrailError

# A record has its place in the index by when its transfer finished, and comes there when the auditor has written it:
# seconds later, minutes after a retry. Looking back far is dear where much is copied, so it is done now and then.
LATEST = timedelta(minutes=10)
_USUALLY_LATEST = timedelta(seconds=20)
_LOOKS_PER_LONG_LOOK = 15


class Index(Protocol):
    """Records by when they finished: an AuditQuery."""

    def by_time(self, since: datetime, until: datetime, *, newest_first: bool = True) -> Iterator[Record]:
        """The records of a span."""


class Follower:
    """Gives the records that are meant, each once, and remembers those that a later look may meet again."""

    def __init__(self, index: Index, matches: Callable[[Record], bool], clock: Callable[[], datetime]) -> None:
        self._index = index
        self._matches = matches
        self._clock = clock
        self._seen: dict[str, datetime] = {}
        self._looks = 0
        self._looked_at = self._looked_far_at = clock()
        self.failure: CopytrailError | None = None

    def begin(self, count: int, since: datetime) -> list[Record]:
        """The last so many records from `since` on, oldest first; from now on, `look` gives what comes after them.

        Raises:
            CopytrailError: DynamoDB did not answer, or an item is not a record.
        """
        far = self._looked_far_at - LATEST
        last = deque(self._unseen(far), maxlen=count)
        if since < far:
            earlier = filter(self._matches, self._index.by_time(since, far))
            last.extendleft(islice(earlier, count - len(last)))
        return list(last)

    def look(self) -> Iterator[Record]:
        """What the index has got since the last look. A look that fails ends early, and says why in `failure`."""
        started_at = self._clock()
        far = self._looks % _LOOKS_PER_LONG_LOOK == 0
        since = self._looked_far_at - LATEST if far else self._looked_at - _USUALLY_LATEST
        try:
            yield from self._unseen(since)
        except CopytrailError as error:
            self.failure = error
            return
        self.failure = None
        self._looks += 1
        self._looked_at = started_at
        if far:
            self._looked_far_at = started_at
            self._forget_before(started_at - LATEST)

    def _unseen(self, since: datetime) -> Iterator[Record]:
        for record in self._index.by_time(since, self._clock() + CLOCKS_DIFFER_BY, newest_first=False):
            if record.log_id not in self._seen and self._matches(record):
                self._seen[record.log_id] = record.finished_at
                yield record

    def _forget_before(self, oldest: datetime) -> None:
        self._seen = {log_id: finished_at for log_id, finished_at in self._seen.items() if finished_at >= oldest}
