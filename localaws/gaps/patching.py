"""The one way in which moto is changed: functions replaced by ours for as long as a `with` block lasts."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple


class Patch(NamedTuple):
    """`make(original)` takes the place of `owner.name`; a later patch of the same function gets it as its original."""

    owner: Any
    name: str
    make: Callable[[Any], Any]
    adds: bool = False


def around(owner: Any, name: str, ours: Callable[..., Any]) -> Patch:
    """The patch that makes a call of `owner.name` one of `ours`, with the original before the call's own arguments."""

    def make(original: Any) -> Callable[..., Any]:
        def call_ours(*arguments: Any, **named: Any) -> Any:
            return ours(original, *arguments, **named)

        return call_ours

    return Patch(owner, name, make)


def adding(owner: Any, name: str, ours: Callable[..., Any]) -> Patch:
    """The patch that gives an owner a function that it lacks."""
    return Patch(owner, name, lambda _: ours, adds=True)


@contextmanager
def patched(patches: Iterable[Patch]) -> Iterator[None]:
    """Replace functions in order; at the end put every one back, the last one first.

    Raises:
        AttributeError: moto has no such function any more, or has one that was to be added; the gap has to be looked at
            again.
    """
    with ExitStack() as undo:
        for owner, name, make, adds in patches:
            if adds and hasattr(owner, name):
                raise AttributeError(f"{owner} has {name} by now")
            undo.callback(_put_back, owner, name, vars(owner).get(name))
            setattr(owner, name, make(None if adds else getattr(owner, name)))
        yield


def _put_back(owner: Any, name: str, own: Any) -> None:
    """Restore the owner's own attribute; None where it had inherited one."""
    if own is None:
        delattr(owner, name)
    else:
        setattr(owner, name, own)
