"""Owns how a person is told a span of time."""

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365.2425 * _DAY
# No span of the calendar takes more characters.
WIDEST_DURATION = len("119 min")


def duration_shown(seconds: float) -> str:
    """A span of time in its largest unit: `45 s`, `12 min`, `3 h`, `2 d`, `2 y`; below 10 s in tenths, `0.8 s`."""
    if seconds < 10:  # noqa: PLR2004 - two digits say enough
        return f"{max(0.0, seconds):.1f} s"
    # What would round up to the next unit is told in that one.
    if round(seconds) < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if round(seconds / _MINUTE) < 2 * _HOUR / _MINUTE:
        return f"{seconds / _MINUTE:.0f} min"
    if round(seconds / _HOUR) < 2 * _DAY / _HOUR:
        return f"{seconds / _HOUR:.0f} h"
    if round(seconds / _DAY) < 2 * _YEAR / _DAY:
        return f"{seconds / _DAY:.0f} d"
    return f"{seconds / _YEAR:,.0f} y"
