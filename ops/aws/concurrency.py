"""Bounded concurrency: results in the order of their inputs, and at most so many calls a second."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, TypeVar

P = TypeVar("P")
R = TypeVar("R")


def with_results(
    executor: Executor, work: Callable[[P], R], pieces: Iterable[P], *, ahead: int
) -> Iterator[tuple[P, R]]:
    """Each piece with what `work` makes of it; about so many are begun `ahead` of the one that is asked for.

    Raises:
        Exception: while iterating, what `work` raised.
    """
    begun: deque[tuple[P, Future[R]]] = deque()
    for piece in pieces:
        begun.append((piece, executor.submit(work, piece)))
        while begun and (begun[0][1].done() or len(begun) > ahead):
            first, future = begun.popleft()
            yield first, future.result()
    for left, future in begun:
        yield left, future.result()


class InOrder(Generic[P, R]):
    """Does `work` on pieces in some threads; `done` is told of each piece and its result, one after the other.

    What it has been told of is a beginning without gaps. `done` is called in the thread that runs, and so is what makes
    the pieces. `stop` is called before it waits for the last ones, so that they need not go on for long.
    """

    def __init__(
        self, work: Callable[[P], R], done: Callable[[P, R], None], *, threads: int, stop: Callable[[], None]
    ) -> None:
        self._work = work
        self._done = done
        self._threads = threads
        self._stop = stop
        self._under_way: deque[tuple[P, Future[R]]] = deque()

    def run(self, pieces: Iterable[P]) -> None:
        """Do all pieces.

        Stopped by an exception, of its own thread or of a piece, it begins no other piece, waits for those that were
        begun, and tells of those that come before the first that failed.
        """
        with ThreadPoolExecutor(self._threads, thread_name_prefix="request") as executor:
            try:
                for piece in pieces:
                    self._under_way.append((piece, executor.submit(self._work, piece)))
                    self._tell(most_left=2 * self._threads)
                self._tell(most_left=0)
            except BaseException:
                executor.shutdown(wait=False, cancel_futures=True)
                self._stop()
                raise
            finally:
                executor.shutdown()
                self._tell_what_was_done()

    def _tell(self, *, most_left: int) -> None:
        while self._under_way and (len(self._under_way) > most_left or self._under_way[0][1].done()):
            piece, future = self._under_way[0]
            result = future.result()
            self._under_way.popleft()
            self._done(piece, result)

    def _tell_what_was_done(self) -> None:
        while self._under_way:
            piece, future = self._under_way.popleft()
            if future.cancelled() or future.exception():
                return
            self._done(piece, future.result())


T = TypeVar("T")


class Pace:
    """At most so many a second, spread evenly; None: as fast as they can."""

    def __init__(
        self,
        per_second: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_second
        self._clock = clock
        self._sleep = sleep
        self._next_at = clock()

    def take(self, count: int = 1) -> None:
        """Wait until `count` more may go; time that passed unused is not made up for."""
        if self._per_second is None:
            return
        now = self._clock()
        if self._next_at > now:
            self._sleep(self._next_at - now)
        self._next_at = max(self._next_at, now) + count / self._per_second

    def group_size(self, most: int) -> int:
        """How many go in one call that takes up to `most`: at a slow pace, about a second's worth."""
        return most if self._per_second is None else max(1, min(most, int(self._per_second)))

    def groups(self, things: Iterable[T], most: int) -> Iterator[list[T]]:
        """The things, as many at a time as go in one call that takes up to `most`; each group when it may go."""
        remaining = iter(things)
        while group := list(islice(remaining, self.group_size(most))):
            self.take(len(group))
            yield group
