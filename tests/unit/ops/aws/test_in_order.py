"""Work several at a time, told of in order."""

import threading
from collections.abc import Iterator

import pytest

from ops.aws.concurrency import InOrder


class Scenes:
    """Pieces of work, each of which ends when it is let."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.told: list[int] = []
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
        self.told.append(piece)

    def stop(self) -> None:
        self.stopped = True
        self.let(*range(20))


@pytest.fixture
def scenes() -> Scenes:
    return Scenes()


def in_order(scenes: Scenes, *, threads: int = 3) -> InOrder[int, int]:
    return InOrder(scenes.work, scenes.done, threads=threads, stop=scenes.stop)


def test_what_ends_later_is_told_first_where_it_comes_first(scenes: Scenes) -> None:
    def pieces() -> Iterator[int]:
        yield from range(3)
        scenes.let(2, 1)
        assert scenes.told == []
        yield 3
        scenes.let(0, 3)

    in_order(scenes).run(pieces())

    assert scenes.told == [0, 1, 2, 3]
    assert not scenes.stopped


def test_no_more_than_twice_the_threads_are_under_way(scenes: Scenes) -> None:
    made = []

    def work(piece: int) -> int:
        scenes.let(max(0, piece - 2))
        return scenes.work(piece)

    def pieces() -> Iterator[int]:
        for piece in range(20):
            made.append(piece)
            assert len(made) - len(scenes.told) <= 7
            yield piece
        scenes.let(18, 19)

    InOrder(work, scenes.done, threads=3, stop=scenes.stop).run(pieces())

    assert scenes.told == list(range(20))


def test_nothing_behind_a_failure_is_told_although_it_was_done(scenes: Scenes) -> None:
    def work(piece: int) -> int:
        scenes.let(piece)
        if piece == 1:
            raise ValueError("refused")
        return scenes.work(piece)

    with pytest.raises(ValueError, match="refused"):
        InOrder(work, scenes.done, threads=1, stop=scenes.stop).run(iter(range(10)))

    assert scenes.told == [0]
    assert scenes.stopped


def test_stopped_it_waits_for_what_was_begun_and_begins_nothing_else(scenes: Scenes) -> None:
    def pieces() -> Iterator[int]:
        yield from range(5)
        while len(scenes.begun) < 3:
            threading.Event().wait(0.001)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_order(scenes).run(pieces())

    assert sorted(scenes.begun) == scenes.told == [0, 1, 2]
