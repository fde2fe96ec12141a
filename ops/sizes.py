"""Owns how a person names a number of bytes, and is told one."""

import re

import click

from ops.failures import UsageError

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_KIB = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
# No number of bytes that 64 bits hold takes more characters.
WIDEST_SIZE = len("1,023 KiB")


class Size(click.ParamType[int]):
    """A number of bytes on the command line: `1024`, `10MiB` (of 1,024 each), `5GB` (of 1,000 each)."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a size.

        Raises:
            CommandError: the text is no size.
        """
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(str(value).strip())
        if found is None:
            raise UsageError(f"'{value}' is not a size: write bytes (1024), or 10MiB, or 5GB")
        number, unit, binary = found.groups()
        each: int = (_KIB if binary else 1000) ** _POWERS[unit.lower()]
        return round(float(number) * each)


def size_shown(size: int) -> str:
    """A number of bytes for a person: `26 B`, `15 KiB`, `1.2 GiB`."""
    shown = float(size)
    for unit in _UNITS:
        if round(shown) < _KIB or unit == _UNITS[-1]:
            break
        shown /= _KIB
    digits = 1 if unit != "B" and shown < 10 else 0  # noqa: PLR2004 - two digits say enough
    return f"{shown:,.{digits}f} {unit}"
