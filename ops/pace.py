"""Owns how fast things may go."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import click

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


class Pace:
    """At most so many a second, spread evenly; None: as fast as they can."""

    def __init__(
        self,
        per_second: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_second
        self._clock = clock
        self._sleep = sleep
        self._next_at = clock()

    def take(self, count: int = 1) -> None:
        """Wait until `count` more may go; time that passed unused is not made up for."""
        if self._per_second is None:
            return
        now = self._clock()
        if self._next_at > now:
            self._sleep(self._next_at - now)
        self._next_at = max(self._next_at, now) + count / self._per_second

    def group_size(self, most: int) -> int:
        """How many go in one call that takes up to `most`: at a slow pace, about a second's worth."""
        return most if self._per_second is None else max(1, min(most, int(self._per_second)))

    def groups(self, things: Iterable[T], most: int) -> Iterator[list[T]]:
        """The things, as many at a time as go in one call that takes up to `most`; each group when it may go."""
        remaining = iter(things)
        while group := list(islice(remaining, self.group_size(most))):
            self.take(len(group))
            yield group


class Rate(click.FloatRange):
    """So many a second on the command line: one in a quarter of an hour, or more."""

    def __init__(self) -> None:
        super().__init__(min=0.001)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a rate; `inf` and `nan` are none."""
        rate: float = super().convert(value, param, ctx)
        if not math.isfinite(rate):
            self.fail(f"{value} is not a number of things a second.", param, ctx)
        return rate


def rate_option(command: F) -> F:
    """Add `--rate` to a command, as `rate`: so many a second, or None."""
    return click.option("--rate", type=Rate(), metavar="N", help="At most so many a second.")(command)
