"""Work several at a time, finished in order."""

import signal
import threading
from collections.abc import Iterator

import pytest

from ops.aws.concurrency import run_in_order


class Scenes:
    """Pieces of work, each of which ends when it is let."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.finished: list[int] = []
        self.stopped = False
        self._let = [threading.Event() for _ in range(20)]

    def let(self, *pieces: int) -> None:
        for piece in pieces:
            self._let[piece].set()

    def work(self, piece: int) -> int:
        self.begun.append(piece)
        assert self._let[piece].wait(10)
        return piece * 10

    def done(self, piece: int, result: int) -> None:
        assert result == piece * 10
        self.finished.append(piece)

    def stop(self) -> None:
        self.stopped = True
        self.let(*range(20))


@pytest.fixture
def scenes() -> Scenes:
    return Scenes()


def run(scenes: Scenes, pieces: Iterator[int]) -> None:
    run_in_order(scenes.work, pieces, threads=3, done=scenes.done, stop=scenes.stop)


def test_what_ends_later_is_finished_first_where_it_comes_first(scenes: Scenes) -> None:
    def pieces() -> Iterator[int]:
        yield from range(3)
        scenes.let(2, 1)
        assert scenes.finished == []
        yield 3
        scenes.let(0, 3)

    run(scenes, pieces())

    assert scenes.finished == [0, 1, 2, 3]
    assert not scenes.stopped


def test_no_more_than_twice_the_threads_are_under_way(scenes: Scenes) -> None:
    made = []

    def work(piece: int) -> int:
        scenes.let(max(0, piece - 2))
        return scenes.work(piece)

    def pieces() -> Iterator[int]:
        for piece in range(20):
            made.append(piece)
            assert len(made) - len(scenes.finished) <= 7
            yield piece
        scenes.let(18, 19)

    run_in_order(work, pieces(), threads=3, done=scenes.done, stop=scenes.stop)

    assert scenes.finished == list(range(20))


def test_nothing_behind_a_failure_is_finished_although_it_was_done(scenes: Scenes) -> None:
    def work(piece: int) -> int:
        scenes.let(piece)
        if piece == 1:
            raise ValueError("refused")
        return scenes.work(piece)

    with pytest.raises(ValueError, match="refused"):
        run_in_order(work, range(10), threads=1, done=scenes.done, stop=scenes.stop)

    assert scenes.finished == [0]
    assert scenes.stopped


def test_stopped_it_waits_for_what_was_begun_and_begins_nothing_else(scenes: Scenes) -> None:
    def pieces() -> Iterator[int]:
        yield from range(5)
        while len(scenes.begun) < 3:
            threading.Event().wait(0.001)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(scenes, pieces())

    assert sorted(scenes.begun) == scenes.finished == [0, 1, 2]


def test_a_ctrl_c_while_pieces_are_handed_over_leaves_none_running() -> None:
    begun: list[int] = []
    ended: list[int] = []

    def work(piece: int) -> None:
        begun.append(piece)
        if piece == 2:
            signal.raise_signal(signal.SIGINT)
        ended.append(piece)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_in_order(work, range(8), threads=8)
    finally:
        signal.signal(signal.SIGINT, before)
    assert begun
    assert sorted(ended) == sorted(begun)


def test_the_first_failure_ends_it_and_nothing_more_is_begun() -> None:
    done: list[int] = []

    def work(piece: int) -> None:
        if piece == 0:
            raise ValueError("refused")
        done.append(piece)

    with pytest.raises(ValueError, match="refused"):
        run_in_order(work, range(50), threads=1)
    assert len(done) < 50
