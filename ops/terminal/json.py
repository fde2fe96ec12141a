"""JSON for programs: one object per line, PascalCase as in the records, and nothing said of what is not known."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click
import msgspec

from shared import times


class JsonObject(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
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


# Adds `--json` to a command, as `as_json`.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")


def print_json(thing: Mapping[str, object]) -> None:
    """Print one JSON object on one line, non-printing characters escaped as JSON does."""
    click.echo(json_line(thing))


def json_line(thing: Mapping[str, object]) -> str:
    """One JSON object on one line, non-printing characters escaped as JSON does."""
    text = json.dumps(thing, ensure_ascii=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else _json_escape(c) for c in text)


def _json_escape(character: str) -> str:
    # json.dumps leaves DEL and the C1 controls alone unless asked for ASCII, and DEL even then.
    return json.dumps(character)[1:-1] if ord(character) > 0x7F else f"\\u{ord(character):04x}"  # noqa: PLR2004 - DEL
