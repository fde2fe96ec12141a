"""Owns how a person names a length of time: `5s`, `15m`, `1h`, `7d`, `2w`."""

import re
from datetime import timedelta

import click

from ops.failures import UsageError

_SPAN = re.compile(r"([0-9]{1,9})([smhdw])")
# The system's clock waits no longer than 292 years.
_LONGEST = timedelta(days=36_525)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Span(click.ParamType[timedelta]):
    """A length of time on the command line, longer than none: `5s`, `15m`, `1h`, `7d`, `2w`."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read a length of time.

        Raises:
            CommandError: the text is none, or there is nothing to it.
        """
        if isinstance(value, timedelta):
            return value
        text = str(value).strip()
        try:
            span = read_span(text)
        except OverflowError:
            span = None
        if not span or span > _LONGEST:
            raise UsageError(f"'{text}' is not a length of time up to 100 years: write 5s, 15m, 1h or 7d")
        return span


def read_span(text: str) -> timedelta | None:
    """The length of time that a text names, or None.

    Raises:
        OverflowError: it is longer than a timedelta can be.
    """
    found = _SPAN.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
