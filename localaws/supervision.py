"""Supervision of what runs in the background of the embedded AWS: where some of it ends unasked, all of it ends."""

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread

from localaws.errors import LocalAwsError

_log = logging.getLogger(__name__)


class EndedUnaskedError(LocalAwsError):
    """A part of the embedded AWS ended although nobody stopped it; the message says which, and why."""


class Supervisor:
    """Starts the threads of one embedded AWS, and holds the first reason for which it cannot go on."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ended = Event()
        self._failure: EndedUnaskedError | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def failure(self) -> EndedUnaskedError | None:
        """Why the embedded AWS cannot go on, if it cannot."""
        return self._failure

    def thread(self, target: Callable[[], None], *, name: str, what: str, asked: Callable[[], bool]) -> Thread:
        """Start a thread. That it raises, or returns when it was not `asked` to, is the end of the embedded AWS.

        Args:
            target: what the thread runs.
            name: the thread's.
            what: the thread's part as a person knows it, which begins the reason.
            asked: whether the thread may return now.
        """

        def run() -> None:
            try:
                target()
            except BaseException as error:  # noqa: BLE001 - whatever it is, nobody else would hear of it
                self.ended(what, error)
            else:
                if not asked():
                    self.ended(what)

        thread = Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread

    def ended(self, what: str, error: BaseException | None = None) -> None:
        """End the embedded AWS because a part of it ended, for the error if there is one."""
        reason = "" if error is None else f": {type(error).__name__}: {error}".rstrip(": ")
        self.fail(f"{what} ended unasked{reason}; the embedded AWS stops, start it again", error)

    def fail(self, message: str, cause: BaseException | None = None) -> None:
        """End the embedded AWS; only the first reason counts."""
        with self._lock:
            if self._failure is not None:
                return
            self._failure = EndedUnaskedError(message)
            self._failure.__cause__ = cause
            callbacks = list(self._callbacks)
        if cause is not None and _log.isEnabledFor(logging.DEBUG):
            _log.error("%s", message, exc_info=cause)
        self._ended.set()
        for callback in callbacks:
            callback()

    def on_failure(self, callback: Callable[[], None]) -> None:
        """Call this, on the thread that fails, when something has ended unasked."""
        with self._lock:
            self._callbacks.append(callback)

    def check(self) -> None:
        """Raise EndedUnaskedError if anything has ended unasked."""
        if self._failure is not None:
            raise self._failure

    def wait(self) -> None:
        """Wait until something ends unasked, and raise EndedUnaskedError."""
        self._ended.wait()
        self.check()
