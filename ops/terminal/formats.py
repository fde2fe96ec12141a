"""Values as a person reads them: counts, durations, moments, causes; sizes and text are `shared.humanize`'s."""

import re
from datetime import datetime
from itertools import pairwise

_UNITS_S = (("s", 1), ("min", 60), ("h", 3_600), ("d", 86_400), ("y", 365.2425 * 86_400))
# No span of the calendar takes more characters.
WIDEST_DURATION = len("119 min")

_NAMED = re.compile(r"(?P<action>[A-Za-z][\w.:]*) on (?P<rest>.+)", re.DOTALL)
_COLON = ": "


def counted(number: int, what: str) -> str:
    """So many of something, which is named in the singular: `1 letter`, `1,200 letters`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration_shown(seconds: float) -> str:
    """A span of time in its largest unit: `45 s`, `12 min`, `3 h`, `2 d`, `2 y`; below 10 s in tenths, `0.8 s`."""
    if seconds < 10:  # noqa: PLR2004 - two digits say enough
        return f"{max(0.0, seconds):.1f} s"
    for (unit, unit_s), (_, next_unit_s) in pairwise(_UNITS_S):
        # What would round up to two of the next unit is told in that one.
        if round(seconds / unit_s) < 2 * next_unit_s / unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    year, year_s = _UNITS_S[-1]
    return f"{seconds / year_s:,.0f} {year}"


def moment_shown(moment: datetime) -> str:
    """A moment in UTC for a person, to the second."""
    return moment.isoformat(sep=" ", timespec="seconds")[: len("2026-11-23 02:24:57")]


def cause_first(message: str, key: str = "") -> str:
    """`Access Denied (s3:GetObject on s3://bucket/key)` of `s3:GetObject on s3://bucket/key: Access Denied`.

    Any other message is given as it is. Source: `shared.errors.sentence`.

    Args:
        key: the key of the object that it is about, if it is about one: a key may hold a colon, too.
    """
    named = _NAMED.fullmatch(message)
    if named is None:
        return message
    rest = named["rest"]
    # A copy is of a source "to" a destination, and both keys end so; where they are too long, they end in an ellipsis.
    for end in (f"{key}{_COLON}", f"…{_COLON}", _COLON):
        resource, colon, cause = rest.partition(end)
        if colon and cause:
            return f"{cause} ({named['action']} on {resource}{end.removesuffix(_COLON)})"
    return message
