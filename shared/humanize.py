"""Values as a person reads them on a terminal: sizes, outcomes in their colours, text without control characters."""

from collections.abc import Mapping

from shared.events import Outcome

# As rich names styles.
OUTCOME_STYLES: Mapping[str, str] = {
    Outcome.COPIED: "green",
    Outcome.DELETED: "magenta",
    Outcome.SKIPPED: "yellow",
    Outcome.FAILED: "red",
}
# No number of bytes that 64 bits hold takes more characters.
WIDEST_SIZE = len("1,023 KiB")

_KIB = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def size_shown(size: int) -> str:
    """A number of bytes with two digits at least: `26 B`, `15 KiB`, `1.2 GiB`."""
    shown = float(size)
    for unit in _UNITS:
        if round(shown) < _KIB or unit == _UNITS[-1]:
            break
        shown /= _KIB
    digits = 1 if unit != "B" and shown < 10 else 0  # noqa: PLR2004 - two digits say enough
    return f"{shown:,.{digits}f} {unit}"


def visible(text: str) -> str:
    r"""The text with what would not be seen, or would move the cursor, written as `\x1b` or `\u202e`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
