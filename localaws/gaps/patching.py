"""Owns how a function of moto is replaced: knowing the original, and so that it can be put back."""

from collections.abc import Callable
from typing import Any

_replaced: list[tuple[Any, str, Any]] = []


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put `make(original)` in the place of `owner.name`; the next one to replace it gets this as its original.

    Raises:
        AttributeError: moto has no such function any more; the gap has to be looked at again.
    """
    original = getattr(owner, name)
    setattr(owner, name, make(original))
    _replaced.append((owner, name, original))


def is_in_place() -> bool:
    """Whether anything is replaced."""
    return bool(_replaced)


def undo_all() -> None:
    """Put every original back, the last one replaced first."""
    while _replaced:
        setattr(*_replaced.pop())
