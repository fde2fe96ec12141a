"""Owns what Ctrl-C and its like do to the command: a quiet end, until there is something to put back and to tell of.

It imports nothing that takes time: a signal that comes before it is in force ends in a traceback.
"""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
_SOON_S = 0.01
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
