"""Owns what programs are told of a backfill."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from ops.terminal.json import Told


class CostTold(Told, frozen=True, kw_only=True):
    """One line of the bill."""

    item: str
    amount: int
    unit: str
    usd: float = msgspec.field(name="USD")


class PreviewTold(Told, frozen=True, kw_only=True):
    """What a backfill would request, and what that would cost."""

    source_bucket: str
    objects: int
    size: int
    left_out: Mapping[str, int]
    cost: tuple[CostTold, ...]
    usd: float = msgspec.field(name="USD")
    prices: str


class NotRequestedTold(Told, frozen=True, kw_only=True):
    """An object that nobody could look at, so that no copy was requested."""

    result: Literal["Failed"]
    source_bucket: str
    object_key: str
    message: str


class BackfillTold(Told, frozen=True, kw_only=True):
    """What a backfill came to: the last line."""

    operation_id: str
    source_bucket: str
    requested: int
    gone: int
    failed: int
