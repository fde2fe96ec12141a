"""Owns the columns of an export: every attribute of a record, in the order in which a record has them."""

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from shared.audit_log.record import Record


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    WHOLE_NUMBER = "whole number"
    MOMENT = "moment"


class Column(NamedTuple):
    """One column: its name, in PascalCase, what it holds, and how a record's value of it is had."""

    name: str
    kind: Kind
    optional: bool
    value: Callable[[Record], Any]


def _columns() -> Iterator[Column]:
    for field in msgspec.structs.fields(Record):
        types = getattr(field.type, "__args__", (field.type,))
        yield Column(field.encode_name, _kind(types[0]), type(None) in types, attrgetter(field.name))


def _kind(its_type: type) -> Kind:
    if issubclass(its_type, datetime):
        return Kind.MOMENT
    return Kind.WHOLE_NUMBER if issubclass(its_type, int) else Kind.TEXT


COLUMNS = tuple(_columns())
