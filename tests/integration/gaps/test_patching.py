"""moto is changed by one mechanism: replacements can be stacked, and at the end of the block moto is as it was."""

import sys
from typing import Any

import pytest
from moto.events.models import EventsBackend

from localaws.gaps import gaps_closed
from localaws.gaps.patching import Patch, patched
from localaws.server import MotoServer


class _Greeter:
    def greet(self) -> str:
        return "hello"


class _Heir(_Greeter):
    pass


def _attributes_of_moto() -> dict[str, Any]:
    """Every attribute of every module and class of moto, by its dotted name."""
    found: dict[str, Any] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "moto":
            for attribute, value in vars(module).items():
                found[f"{name}.{attribute}"] = value
                if isinstance(value, type) and value.__module__ == name:
                    found |= {f"{name}.{attribute}.{each}": own for each, own in vars(value).items()}
    return found


def _changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) is not after.get(name)}


def test_a_replacement_gets_the_one_before_as_its_original() -> None:
    original = _Greeter.greet

    with patched(
        [
            Patch(_Greeter, "greet", lambda inner: lambda self: inner(self) + ", you"),
            Patch(_Greeter, "greet", lambda inner: lambda self: inner(self) + " there"),
        ]
    ):
        greeting = _Greeter().greet()

    assert greeting == "hello, you there"
    assert _Greeter.greet is original


def test_what_was_inherited_is_inherited_again() -> None:
    with patched([Patch(_Heir, "greet", lambda _: lambda _self: "hi")]):
        assert (_Heir().greet(), _Greeter().greet()) == ("hi", "hello")

    assert "greet" not in vars(_Heir)


def test_a_function_that_moto_has_no_longer_is_heard_of_and_the_others_are_put_back() -> None:
    original = _Greeter.greet
    patches = [Patch(_Greeter, "greet", lambda _: None), Patch(_Greeter, "wave", lambda _: None)]

    with pytest.raises(AttributeError, match="wave"), patched(patches):
        pass

    assert _Greeter.greet is original


def test_when_the_gaps_are_open_again_moto_is_as_before() -> None:
    with MotoServer():
        """Whatever moto loads late is loaded now."""
    before = _attributes_of_moto()

    with gaps_closed():
        changed = _changed(before, _attributes_of_moto())

    assert "moto.events.models.EventsBackend.put_events" in changed
    assert _changed(before, _attributes_of_moto()) == set()


def test_the_gaps_are_closed_once_at_a_time() -> None:
    bare = EventsBackend.put_events

    with gaps_closed(), pytest.raises(RuntimeError, match="already"), gaps_closed():
        pass

    assert EventsBackend.put_events is bare
