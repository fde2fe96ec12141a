"""Owns how records are written as DynamoDB items: text and whole numbers, and nothing else."""

from collections.abc import Mapping
from typing import Any

Item = dict[str, dict[str, str]]


def to_item(attributes: Mapping[str, str | int]) -> Item:
    """Attributes as DynamoDB takes them."""
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in attributes.items()}


def from_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """Attributes as DynamoDB gives them; one that is of no type of ours is None."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Mapping[str, Any]) -> object:
    match dict(value):
        case {"S": str(text)}:
            return text
        case {"N": str(number)} if number.isdigit():
            return int(number)
        case _:
            return None
