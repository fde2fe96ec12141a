"""Filters, each declared once: its option, its help, what it lets pass, and how it is written down.

A class of filters is a frozen dataclass. Each of its fields is a filter:

    @dataclass(frozen=True)
    class PetFilter(Filters[Pet]):
        names: tuple[str, ...] = filtered("--name", lambda pet, names: pet.name in names, multiple=True, help="Only…")
        since: datetime | None = filtered("--since", lambda pet, since: since <= pet.born_at, type=moment)
        key_prefix: str = key_prefix(lambda pet: pet.key)

    @click.command()
    @PetFilter.options("pet_filter")
    def pets(*, pet_filter: PetFilter) -> None: ...
"""

import shlex
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property, wraps
from typing import Any, Generic, TypeVar

import click

from shared import times

T = TypeVar("T")
R = TypeVar("R")
F = TypeVar("F", bound="Filters[Any]")

_FILTER = "filter"


def filtered(
    option: str,
    passes: Callable[[Any, Any], bool] | None = None,
    *,
    instead: Callable[[Any], str] = lambda _: "it does not pass",
    default: Any = None,
    left_out: str | None = None,
    multiple: bool = False,
    **settings: Any,
) -> Any:
    """A filter that is one option.

    Args:
        option: `--name`.
        passes: whether a thing does, given the filter's value; without it, everything does.
        instead: what a thing that does not is told as: `its reason is AccessDenied`.
        default: the value that lets everything pass.
        left_out: what a person who leaves it out means, as they would have written it, if that is not the default.
        settings: of `click.option`.
    """
    default = () if multiple else default
    one = _Filter(option, passes, instead, {"multiple": multiple, "default": left_out, **settings})
    return field(default=default, metadata={_FILTER: one})


@dataclass(frozen=True)
class _Filter:
    option: str
    passes: Callable[[Any, Any], bool] | None
    instead: Callable[[Any], str]
    settings: dict[str, Any]


class Filters(Generic[T]):
    """What narrows down things of one kind; a filter that is not in force lets all of them pass."""

    def matches(self, thing: T) -> bool:
        """Whether a thing passes all filters."""
        return all(passes(thing, value) for passes, value in self._tests)

    def why_not(self, thing: T) -> str:
        """The first filter that a thing does not pass, and what the thing is instead; or ""."""
        for one, value in self._in_force:
            if one.passes and not one.passes(thing, value):
                return f"{one.option}: {one.instead(thing)}"
        return ""

    def described(self) -> dict[str, str]:
        """The filters in force, by the names of their options; several values of one with commas between."""
        values: dict[str, list[str]] = defaultdict(list)
        for option, value in self._written():
            values[option.removeprefix("--")].append(value)
        return {name: ", ".join(several) for name, several in values.items()}

    def as_options(self) -> str:
        """The filters in force, as a person would write them on the command line, or ""."""
        return " ".join(f"{option} {shlex.quote(value)}" for option, value in self._written())

    @classmethod
    def options(
        cls, parameter: str, *, without: Collection[str] = ()
    ) -> Callable[[Callable[..., R]], Callable[..., R]]:
        """Add the filters, but the fields `without`, to a command, which gets them as one argument."""

        def added(command: Callable[..., R]) -> Callable[..., R]:
            @wraps(command)
            def with_filters(*arguments: Any, **named: Any) -> R:
                return command(*arguments, **{parameter: cls.taken_from(named)}, **named)

            decorated: Callable[..., R] = with_filters
            for name, one in reversed(_filters(cls).items()):
                if name not in without:
                    decorated = click.option(one.option, **one.settings)(decorated)
            return decorated

        return added

    @classmethod
    def taken_from(cls: type[F], named: dict[str, Any]) -> F:
        """The filters that a command's arguments hold, which are taken out of those."""
        values = {
            name: named.pop(one.option.removeprefix("--").replace("-", "_"), None)
            for name, one in _filters(cls).items()
        }
        return cls(**{name: value for name, value in values.items() if value is not None})

    @cached_property
    def _in_force(self) -> list[tuple[_Filter, Any]]:
        # None, "", () let everything pass; of numbers, none does.
        values = ((one, getattr(self, name)) for name, one in _filters(type(self)).items())
        return [(one, value) for one, value in values if value not in (None, "", ())]

    @cached_property
    def _tests(self) -> list[tuple[Callable[[T, Any], bool], Any]]:
        return [(one.passes, value) for one, value in self._in_force if one.passes]

    def _written(self) -> Iterator[tuple[str, str]]:
        """The options in force, and a value of each, as text."""
        for one, value in self._in_force:
            for each in value if isinstance(value, tuple) else (value,):
                yield one.option, times.to_text(each) if isinstance(each, datetime) else str(each)


def _filters(of: type[Filters[Any]]) -> dict[str, _Filter]:
    return {each.name: each.metadata[_FILTER] for each in fields(of)}  # type: ignore[arg-type]  # subclasses are
