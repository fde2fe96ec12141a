"""Owns how a person is told how many there are."""


def counted(number: int, what: str) -> str:
    """So many of something, which is named in the singular: `1 letter`, `1,200 letters`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
