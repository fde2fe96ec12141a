"""Threads that receive ahead of their reader, and threads whose work is finished once it is begun."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Generic, NamedTuple, TypeVar

from ops.interrupts import uninterrupted

T = TypeVar("T")
R = TypeVar("R")
Work = Callable[[], object]

# So many receives each thread may be ahead.
_AHEAD = 2


class _Ended(NamedTuple, Generic[R]):
    """The end of a thread, and what its generator returned."""

    returned: R


class Receivers(Generic[T, R]):
    """Threads that receive, a little ahead of their reader, until there is nothing more or they are stopped.

    Args:
        receive: makes a generator for each thread: of what it receives, and at last of why it ended.
    """

    def __init__(self, count: int, receive: Callable[[], Generator[T, None, R]]) -> None:
        self._receive = receive
        self._room = threading.Semaphore(_AHEAD * count)
        self._results: SimpleQueue[T | _Ended[R] | BaseException] = SimpleQueue()
        self._stopped = False
        # Daemons: while SQS is silent, an impatient person must be able to end the command all the same.
        self._threads = [threading.Thread(target=self._work, name="receive", daemon=True) for _ in range(count)]

    def received(self) -> Generator[T, None, list[R]]:
        """Begin, give what is received as it comes, unless it is empty, and return what the threads' generators do.

        Raises:
            Exception: what receiving raised.
        """
        # Nothing is waited for in here at the end: an abandoned generator swallows the person's Ctrl-C.
        for thread in self._threads:
            thread.start()
        returned: list[R] = []
        while len(returned) < len(self._threads):
            result = self._results.get()
            if isinstance(result, BaseException):
                raise result
            self._room.release()
            if isinstance(result, _Ended):
                returned.append(result.returned)
            elif result:
                yield result
        return returned

    def stop(self) -> None:
        """Wait until every thread has ended its receive, and begins no other."""
        self._stopped = True
        self._room.release(len(self._threads))
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _work(self) -> None:
        try:
            batches = self._receive()
            while True:
                self._room.acquire()
                if self._stopped:
                    return
                self._results.put(next(batches))
        except StopIteration as end:
            self._results.put(_Ended(end.value))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the thread that goes through them
            self._results.put(error)


@contextmanager
def on_threads(count: int) -> Iterator[Callable[[Work], None]]:
    """Gives a function that has a piece of work done on one of `count` threads, and waits when many are waiting.

    A signal reaches the main thread only. So whatever ends the block, pieces that were begun are ended, and those that
    were not are never begun; then the block ends.

    Raises:
        Exception: what the first piece that failed, in the order they were handed over, raised.
    """
    executor = ThreadPoolExecutor(count, thread_name_prefix="dlq")
    pending: deque[Future[object]] = deque()

    def hand_over(work: Work) -> None:
        while len(pending) >= 2 * count:
            pending[0].result()
            pending.popleft()
        # A signal between the start of a thread and the executor's note of it would let the thread outlive the block.
        with uninterrupted():
            pending.append(executor.submit(work))

    try:
        yield hand_over
        for future in pending:
            future.result()
    finally:
        with uninterrupted():
            executor.shutdown(cancel_futures=True)
