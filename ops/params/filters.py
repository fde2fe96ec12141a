"""Filters, each declared once: its option, its help, what it lets pass, and how it is written down.

A class of filters is a frozen dataclass. Each of its fields is a filter:

    @dataclass(frozen=True)
    class PetFilter(Filters[Pet]):
        names: tuple[str, ...] = filtered("--name", lambda pet, names: pet.name in names, multiple=True, help="Only…")
        since: datetime | None = filtered("--since", lambda pet, since: since <= pet.born_at, type=Moment())
        keys: KeyFilter = filtered_by(KeyFilter, lambda pet: pet.key)

    @click.command()
    @PetFilter.options("wanted")
    def pets(*, wanted: PetFilter) -> None: ...
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
    one = _Option(option, passes, instead, default, {"multiple": multiple, "default": left_out, **settings})
    return field(default=default, metadata={_FILTER: one})


def filtered_by(filters: "type[Filters[Any]]", of: Callable[[Any], Any]) -> Any:
    """A filter that is several: those of another class, for what `of` gives of a thing."""
    return field(default_factory=filters, metadata={_FILTER: _Several(filters, of)})


class Filters(Generic[T]):
    """What narrows down things of one kind; a filter that is not in force lets all of them pass."""

    def matches(self, thing: T) -> bool:
        """Whether a thing passes all filters."""
        return all(passes(thing) for passes in self._tests)

    def why_not(self, thing: T) -> str:
        """The first filter that a thing does not pass, and what the thing is instead; or ""."""
        return next((why for one, value in self._in_force if (why := one.why_not(value, thing))), "")

    def described(self) -> dict[str, str]:
        """The filters in force, by the names of their options; several values of one with commas between."""
        values: dict[str, list[str]] = defaultdict(list)
        for name, value in self.written():
            values[name].append(value)
        return {name: ", ".join(several) for name, several in values.items()}

    def as_options(self) -> str:
        """The filters in force, as a person would write them on the command line, or ""."""
        return " ".join(f"--{name} {shlex.quote(value)}" for name, value in self.written())

    def written(self) -> Iterator[tuple[str, str]]:
        """The options in force: a name, without its dashes, and a value, as text."""
        for one, value in self._in_force:
            yield from one.written(value)

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
                    decorated = one.added_to(decorated)
            return decorated

        return added

    @classmethod
    def taken_from(cls: type[F], named: dict[str, Any]) -> F:
        """The filters that a command's arguments hold, which are taken out of those."""
        return cls(**{name: one.taken_from(named) for name, one in _filters(cls).items()})

    @cached_property
    def _in_force(self) -> "list[tuple[_Option | _Several, Any]]":
        # None, "", () let everything pass; of numbers, none does.
        values = ((one, getattr(self, name)) for name, one in _filters(type(self)).items())
        return [(one, value) for one, value in values if value not in (None, "", ())]

    @cached_property
    def _tests(self) -> list[Callable[[T], bool]]:
        return [test for one, value in self._in_force if (test := one.test(value))]


@dataclass(frozen=True)
class _Option:
    option: str
    passes: Callable[[Any, Any], bool] | None
    instead: Callable[[Any], str]
    default: Any
    settings: dict[str, Any]

    def test(self, value: Any) -> Callable[[Any], bool] | None:
        passes = self.passes
        return None if passes is None else lambda thing: passes(thing, value)

    def why_not(self, value: Any, thing: Any) -> str:
        return "" if self.passes is None or self.passes(thing, value) else f"{self.option}: {self.instead(thing)}"

    def written(self, value: Any) -> Iterator[tuple[str, str]]:
        for one in value if isinstance(value, tuple) else (value,):
            yield self.option.removeprefix("--"), times.to_text(one) if isinstance(one, datetime) else str(one)

    def added_to(self, command: Callable[..., R]) -> Callable[..., R]:
        return click.option(self.option, **self.settings)(command)

    def taken_from(self, named: dict[str, Any]) -> Any:
        value = named.pop(self.option.removeprefix("--").replace("-", "_"), None)
        return self.default if value is None else value


@dataclass(frozen=True)
class _Several:
    filters: type[Filters[Any]]
    of: Callable[[Any], Any]

    def test(self, value: Filters[Any]) -> Callable[[Any], bool] | None:
        of = self.of
        return (lambda thing: value.matches(of(thing))) if value.described() else None

    def why_not(self, value: Filters[Any], thing: Any) -> str:
        return value.why_not(self.of(thing))

    def written(self, value: Filters[Any]) -> Iterator[tuple[str, str]]:
        return value.written()

    def added_to(self, command: Callable[..., R]) -> Callable[..., R]:
        for one in reversed(_filters(self.filters).values()):
            command = one.added_to(command)
        return command

    def taken_from(self, named: dict[str, Any]) -> Any:
        return self.filters.taken_from(named)


def _filters(of: type[Filters[Any]]) -> dict[str, _Option | _Several]:
    return {each.name: each.metadata[_FILTER] for each in fields(of)}  # type: ignore[arg-type]  # subclasses are
