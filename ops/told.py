"""Owns what all JSON of the commands has in common: PascalCase as in the records, and nothing said of what is not."""

from datetime import datetime
from typing import Any

import msgspec

from shared import times


class Told(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """One object that a command prints with `--json`. What is None is left out; docs/cli.md has its fields."""

    def attributes(self) -> dict[str, Any]:
        """Its fields by their names in JSON; moments as text."""
        return {name: _plain(value) for name, value in msgspec.to_builtins(self, builtin_types=(datetime,)).items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return times.to_text(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
