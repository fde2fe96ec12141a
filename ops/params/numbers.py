"""Sizes in bytes and rates per second as a person writes them."""

import math
import re
from typing import Any

import click

from ops.errors import UsageError

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_KIB = 1024


def size(text: str) -> int:
    """A number of bytes on the command line: `1024`, `10MiB` (of 1,024 each), `5GB` (of 1,000 each).

    Raises:
        UsageError: the text is no size.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"'{text}' is not a size: write bytes (1024), or 10MiB, or 5GB")
    number, unit, binary = found.groups()
    each: int = (_KIB if binary else 1000) ** _POWERS[unit.lower()]
    return round(float(number) * each)


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


# Adds `--rate` to a command: so many a second, or None.
rate_option = click.option("--rate", type=Rate(), metavar="N", help="At most so many a second.")
