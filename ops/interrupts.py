"""Signals that end the command: at once, as KeyboardInterrupt while something is under way, or after a block.

It imports nothing that takes time: a signal that comes before it is in force ends in a traceback.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
_SOON_S = 0.01
# What ends the command as Ctrl-C does.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


# Those that are handled here; none, where the command is called within another program.
_ours: set[signal.Signals] = set()


def take_over() -> None:
    """From now on, a signal ends the process at once: nothing is under way yet."""
    # `nohup` has hang-ups ignored, and a shell's `&` Ctrl-C: they mean it.
    _ours.update(number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN)
    end_quietly()


def end_quietly() -> None:
    """From now on, a signal ends the process at once: nothing is under way any more."""
    for number in _ours:
        signal.signal(number, _end)


def raise_interrupts() -> None:
    """From now on, a signal raises KeyboardInterrupt: what is under way is put back and told."""
    if _ours:
        # Python drops what is raised in a destructor or a callback, and would print it.
        sys.unraisablehook = _raise_again
    for number in _ours:
        signal.signal(number, signal.default_int_handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the block come to its end before a Ctrl-C is heeded; a second one is heeded at once.

    Raises:
        KeyboardInterrupt: after the block, there was one meanwhile; or in it, there were two.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def heed(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's signature
        came.append(number)
        if len(came) > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, heed) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for again in came:
        # To whoever listens now, such as another block like this one around it.
        signal.raise_signal(again)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the handler's signature
    os._exit(INTERRUPTED)


def _raise_again(unraisable: "sys.UnraisableHookArgs") -> None:
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    from threading import Timer  # noqa: PLC0415 - it is needed once in a blue moon

    # Not here, where Python would drop it again.
    again = Timer(_SOON_S, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()
