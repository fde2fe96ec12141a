"""Owns answers that cost: they are kept for a while."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The last answer to a question, asked again after `for_s` seconds, or when the state of things has changed."""

    def __init__(self, *, for_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._for_s = for_s
        self._clock = clock
        self._answer: tuple[float, object, T] | None = None

    def get(self, ask: Callable[[], T], *, state: object = None) -> T:
        """The answer for this state of things: the one that is kept, where it is recent and for the same state."""
        now = self._clock()
        if self._answer is None or now - self._answer[0] >= self._for_s or self._answer[1] != state:
            self._answer = (now, state, ask())
        return self._answer[2]

    @property
    def last(self) -> T | None:
        """The answer that is kept, however old."""
        return self._answer[2] if self._answer else None
