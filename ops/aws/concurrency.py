"""Bounded concurrency: results in the order of their inputs, and at most so many calls a second."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from ops.interrupts import uninterrupted

P = TypeVar("P")
R = TypeVar("R")
T = TypeVar("T")


def results_in_order(work: Callable[[P], R], pieces: Iterable[P], *, threads: int) -> Generator[R, None, None]:
    """The results of work that several threads do, in the order of the pieces; a few are begun ahead.

    Raises:
        Exception: while iterating, what `work` raised.
    """
    begun: deque[Future[R]] = deque()
    executor = ThreadPoolExecutor(threads, thread_name_prefix="read")
    try:
        for piece in pieces:
            begun.append(executor.submit(work, piece))
            while begun and (begun[0].done() or len(begun) > 2 * threads):
                yield begun.popleft().result()
        for left in begun:
            yield left.result()
    finally:
        executor.shutdown(cancel_futures=True)


def run_in_order(
    work: Callable[[P], R],
    pieces: Iterable[P],
    *,
    threads: int,
    done: Callable[[P, R], None] = lambda _piece, _result: None,
    stop: Callable[[], None] = lambda: None,
) -> None:
    """Do `work` on pieces in some threads; `done` is called with each piece and its result, in the order of the pieces.

    What `done` was called with is a beginning without gaps. It is called in this thread, and so is what makes the
    pieces. Stopped by an exception, of this thread or of a piece, it begins no other piece, calls `stop`, so that those
    that were begun need not go on for long, waits for them, and calls `done` for those before the first that failed.
    """
    begun: deque[tuple[P, Future[R]]] = deque()
    executor = ThreadPoolExecutor(threads, thread_name_prefix="request")
    try:
        for piece in pieces:
            # A signal between the start of a thread and the executor's note of it would let the thread outlive this.
            with uninterrupted():
                begun.append((piece, executor.submit(work, piece)))
            while begun and (len(begun) > 2 * threads or begun[0][1].done()):
                _finish_first(begun, done)
        while begun:
            _finish_first(begun, done)
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        stop()
        raise
    finally:
        with uninterrupted():
            executor.shutdown()
            while begun and not begun[0][1].cancelled() and not begun[0][1].exception():
                _finish_first(begun, done)


def _finish_first(begun: "deque[tuple[P, Future[R]]]", done: Callable[[P, R], None]) -> None:
    piece, future = begun[0]
    result = future.result()
    begun.popleft()
    done(piece, result)


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

    def groups(self, things: Iterable[T], most: int) -> Iterator[list[T]]:
        """The things, as many at a time as go in one call that takes up to `most`; each group when it may go.

        At a slow pace, a group is about a second's worth.
        """
        size = most if self._per_second is None else max(1, min(most, int(self._per_second)))
        remaining = iter(things)
        while group := list(islice(remaining, size)):
            self.take(len(group))
            yield group
