"""Validation of cdk.json: its context object → settings, or every problem as a sentence with its place."""

import json
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import getitem
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError

from infra.cross_checks import find_problems
from infra.naming import NO_UNICODE
from infra.route_checks import did_you_mean
from infra.settings.stack import Settings
from shared.errors import ConfigurationError

CONTEXT_KEY = "copytrail"

# What a value must be, by pydantic's name for what it is not.
_CONTAINERS = {"model_type": "an object", "dict_type": "an object", "tuple_type": "a list of objects"}
_VALUES = {
    "string_type": "a text",
    "string_too_short": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
}
# What there was once, and why it is gone.
_FORMER = {
    f"{CONTEXT_KEY}.transferBus": (
        "is no setting any more: the bus is named after the stack, NAME-transfers, as what is published to a bus that"
        " was renamed reaches nobody; leave it out"
    )
}
_LONGEST_QUOTED = 60
# How deep the objects and lists are that settings are in: the context object, its buckets or routes, and one of these.
_LEVELS = 3


class _Context(BaseModel):
    """The context in cdk.json."""

    copytrail: Settings


def read_settings(value: object) -> Settings:
    """The settings in the context object; `{}` gives a private source, a private destination and one route.

    Raises:
        ConfigurationError: naming every problem, each with its place.
    """
    problems: list[str] = []
    settings = _validated({CONTEXT_KEY: _with_unicode_keys(value)}, problems)
    problems += find_problems(settings)
    if problems:
        raise ConfigurationError("cdk.json", problems)
    return settings


def _validated(context: dict[str, Any], problems: list[str]) -> Settings:
    """The settings without what is wrong by itself, which is noted and taken out: what is left has problems, too."""
    try:
        return _Context.model_validate(context).copytrail
    except ValidationError as error:
        for details in error.errors(include_url=False):
            problems += _sentences(details)
            *way, last = details["loc"]
            parent: Any = reduce(getitem, way, cast(Any, context))
            if details["type"] == "model_type":
                parent[last] = {}
            else:
                del parent[last]
        return _validated(context, problems)


def _sentences(details: Mapping[str, Any]) -> list[str]:
    kind, value, way = details["type"], details["input"], details["loc"]
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).removeprefix(".")
    if kind == "extra_forbidden":
        if place in _FORMER:
            return [f"{place} {_FORMER[place]}"]
        answer = did_you_mean(way[-1], _known_keys(way[:-1]), otherwise="the settings here are")
        return [f"{place} is not a setting{answer}"]
    if kind == "string_unicode":
        return [f"{place} {NO_UNICODE}"]
    if kind in _CONTAINERS:
        return [f"{place} must be {_CONTAINERS[kind]}, not {_kind(value)}"]
    if kind in _VALUES:
        return [f"{place} must be {_VALUES[kind]}, not {_quoted(value)}"]
    # What our own rules say.
    return [f"{place} {problem}" for problem in details["ctx"]["error"].args]


def _known_keys(way: Sequence[str | int]) -> list[str]:
    """The keys of the model at a place."""
    found: Any = _Context
    for step in way:
        if isinstance(found, type) and issubclass(found, BaseModel):
            fields = found.model_fields
            found = next(field.annotation for name, field in fields.items() if step in {name, field.validation_alias})
        else:
            # The items of a tuple[Model, ...], or the values of a Mapping[str, Model].
            found = next(argument for argument in get_args(found) if argument not in {str, ...})
    return [str(field.validation_alias) for field in found.model_fields.values()]


def _with_unicode_keys(value: Any, levels: int = _LEVELS) -> Any:
    """A copy of a JSON value, in which a key that holds half of a character has its escape instead, to be shown so."""
    if isinstance(value, dict) and levels:
        written = {key.encode(errors="backslashreplace").decode(): each for key, each in value.items()}
        return {key: _with_unicode_keys(each, levels - 1) for key, each in written.items()}
    return [_with_unicode_keys(each, levels - 1) for each in value] if isinstance(value, list) and levels else value


def _quoted(value: object) -> str:
    """What kind of value it is, and a short one itself."""
    kind = _kind(value)
    if not value or not isinstance(value, (str, int, float)):
        return kind
    written = json.dumps(value)
    return f"{kind} ({written})" if len(written) <= _LONGEST_QUOTED else kind


def _kind(value: object) -> str:
    if value == "":
        return "an empty text"
    kinds = {bool: "true or false", int: "a number", float: "a number with a fraction", str: "a text", list: "a list"}
    return "null" if value is None else kinds.get(type(value), "an object")
