"""A signal is deferred until a block that must not be interrupted has come to its end."""

import os
import signal
from collections.abc import Iterator

import pytest

from ops.interrupts import uninterrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def as_in_the_command() -> Iterator[None]:
    """Every one of the signals ends it as Ctrl-C does."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def come(number: signal.Signals) -> None:
    """Let a signal come, and be handled."""
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_block_comes_to_its_end_before_a_signal_is_heeded(number: signal.Signals) -> None:
    done: list[str] = []

    def block() -> None:
        with uninterrupted():
            come(number)
            done.append("the rest of it")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done == ["the rest of it"]


def test_a_second_signal_is_heeded_at_once() -> None:
    done: list[str] = []

    def block() -> None:
        with uninterrupted():
            come(signal.SIGINT)
            come(signal.SIGINT)
            done.append("the rest of it")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done == []


def test_a_block_in_another_lets_that_one_come_to_its_end_too() -> None:
    done: list[str] = []

    def block() -> None:
        with uninterrupted():
            with uninterrupted():
                come(signal.SIGTERM)
                done.append("the inner")
            done.append("the outer")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done == ["the inner", "the outer"]


def test_afterwards_a_signal_is_heeded_as_before() -> None:
    with uninterrupted():
        pass
    with pytest.raises(KeyboardInterrupt):
        come(signal.SIGTERM)


def test_an_error_of_the_block_is_its_own() -> None:
    def block() -> None:
        with uninterrupted():
            come(signal.SIGINT)
            raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        block()
