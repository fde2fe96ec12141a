"""Owns the threads that receive: a little ahead of who goes through the letters, and no further."""

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from ops.dlq.letter import Letter

# So many receives each thread may be ahead.
_AHEAD = 2


class Receivers:
    """Threads that receive until there is nothing more, or they are stopped.

    Args:
        receive: gives an iterator to each thread, of some letters at a time, maybe none.
    """

    def __init__(self, count: int, receive: Callable[[], Iterator[Sequence[Letter]]]) -> None:
        self._receive = receive
        self._room = threading.Semaphore(_AHEAD * count)
        self._results: SimpleQueue[Sequence[Letter] | BaseException | None] = SimpleQueue()
        self._stopped = False
        # Daemons: while SQS is silent, an impatient person must be able to end the command all the same.
        self._threads = [threading.Thread(target=self._work, name="receive", daemon=True) for _ in range(count)]

    def received(self) -> Iterator[Sequence[Letter]]:
        """Begin, and give what is received as it comes.

        Raises:
            Exception: what receiving raised.
        """
        # Nothing is waited for in here at the end: an abandoned generator swallows the person's Ctrl-C.
        for thread in self._threads:
            thread.start()
        working = len(self._threads)
        while working:
            result = self._results.get()
            if isinstance(result, BaseException):
                raise result
            self._room.release()
            if result is None:
                working -= 1
            elif result:
                yield result

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
                batch = next(batches, None)
                self._results.put(batch)
                if batch is None:
                    return
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the thread that goes through them
            self._results.put(error)
