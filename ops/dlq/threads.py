"""Owns work on threads that is ended once it is begun, also when the person stops the command."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from ops.interrupts import uninterrupted

Work = Callable[[], object]


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
