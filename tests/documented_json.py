"""A check that the JSON that commands print is as docs/cli.md says: these fields, of these types, and no others."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from docs.json_fields import PRINTED, Type


def check(arguments: Sequence[str], printed: str) -> None:
    """Let pass what a command with these arguments has printed, if it printed JSON.

    Raises:
        AssertionError: a line is of no type that is documented for the command.
    """
    if "--json" not in arguments:
        return
    words = [word for word in arguments if not word.startswith("-")]
    [path] = {path for length in (1, 2) if (path := " ".join(["copytrail", *words[:length]])) in PRINTED}
    for line in printed.splitlines():
        assert any(_is_of(type_, json.loads(line)) for type_ in PRINTED[path]), f"{path}: not documented: {line}"


def _is_of(type_: Type, told: Any) -> bool:
    # What the type does not know gets lost on the way through it.
    try:
        converted: Any = msgspec.convert(told, type_)
    except msgspec.ValidationError:
        return False
    return bool(json.loads(json.dumps(converted.attributes())) == told)
