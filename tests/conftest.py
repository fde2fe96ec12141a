"""What holds for every run, wherever it is: no test hangs, and nothing of the person who runs them is in their way."""

import os
import signal
from collections.abc import Generator, Iterator

import pytest
import pytest_timeout

from localaws.preconditions import forget_accounts

pytest_plugins = ["tests.leftovers"]

# Before any other conftest makes a session.
forget_accounts()

# Python itself ignores these two, and subprocess gives its children the defaults.
_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}


# What a person has set for the terminal is for what pytest prints, not for what a test reads.
_OF_THE_TERMINAL = {"CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PY_COLORS"}
_OF_THE_TERMINAL |= {"TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}


def pytest_configure(config: pytest.Config) -> None:
    """Take signals that are ignored with a handler that does nothing: that is not inherited, as ignoring them is.

    `nohup` has hang-ups ignored, and a shell's `&` Ctrl-C; then no test could stop a command.
    """
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        # The workers are to outlive a hang-up as this process does.
        return
    for number in signal.valid_signals() - _IGNORED_BY_PYTHON:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session", autouse=True)
def _no_terminal() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as surroundings:
        for name in _OF_THE_TERMINAL & os.environ.keys():
            surroundings.delenv(name)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Give the end of a test a limit of its own, and each fixture's: pytest-timeout's alarm goes off once only."""
    limit_s = float(item.config.getoption("timeout") or item.config.getini("timeout") or 0)

    def give_up(*_: object) -> None:
        if not pytest_timeout.is_debugging():
            pytest.fail(f"Timeout (>{limit_s}s) at the end of the test")

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, limit_s, limit_s)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
