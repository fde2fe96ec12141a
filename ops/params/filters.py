"""Filters in force, by the names of their options, or as a person would write them."""

import shlex
from collections import defaultdict
from collections.abc import Iterable

# The name of an option, without its dashes, and a value.
Given = tuple[str, str]


def described(options: Iterable[Given]) -> dict[str, str]:
    """Options by their names; several values of one with commas between."""
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in options:
        values[name].append(value)
    return {name: ", ".join(several) for name, several in values.items()}


def as_written(options: Iterable[Given]) -> str:
    """Options as a person would write them on the command line, or ""."""
    return " ".join(f"--{name} {shlex.quote(value)}" for name, value in options)
