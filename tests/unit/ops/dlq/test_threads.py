"""Work on threads that is ended once it is begun."""

import signal
from threading import Event

import pytest

from ops.dlq.threads import on_threads


def test_everything_that_was_handed_over_is_done_when_the_block_ends() -> None:
    done: list[int] = []
    with on_threads(2) as hand_over:
        for number in range(50):
            hand_over(lambda number=number: done.append(number))  # type: ignore[misc]  # a default is the idiom
    assert sorted(done) == list(range(50))


def test_what_was_begun_is_ended_and_what_was_not_is_never_begun_when_the_person_stops_the_command() -> None:
    begun, stopped = Event(), Event()
    done: list[str] = []

    def first() -> None:
        begun.set()
        assert stopped.wait(10)
        done.append("first")

    def stop() -> None:
        begun.wait(10)
        stopped.set()
        raise KeyboardInterrupt

    def block() -> None:
        with on_threads(1) as hand_over:
            hand_over(first)
            stop()
            hand_over(lambda: done.append("never"))

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done == ["first"]


def test_a_ctrl_c_while_pieces_are_handed_over_leaves_none_running() -> None:
    begun: list[int] = []
    ended: list[int] = []

    def piece(number: int) -> None:
        begun.append(number)
        if number == 2:
            signal.raise_signal(signal.SIGINT)
        ended.append(number)

    def block() -> None:
        with on_threads(8) as hand_over:
            for number in range(8):
                hand_over(lambda number=number: piece(number))  # type: ignore[misc]  # a default is the idiom

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            block()
    finally:
        signal.signal(signal.SIGINT, before)
    assert begun
    assert sorted(ended) == sorted(begun)


def test_the_first_failure_ends_the_block_and_nothing_more_is_begun() -> None:
    done: list[int] = []

    def fail() -> None:
        raise ValueError("refused")

    def block() -> None:
        with on_threads(1) as hand_over:
            hand_over(fail)
            for number in range(50):
                hand_over(lambda number=number: done.append(number))  # type: ignore[misc]  # a default is the idiom

    with pytest.raises(ValueError, match="refused"):
        block()
    assert len(done) < 50
