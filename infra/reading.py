"""Owns typed reads of a JSON object that a person wrote: every problem is noted, with its place."""

import json
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from types import TracebackType

from infra.naming import NameRule

_LONGEST_QUOTED = 60
_NO_UNICODE = r"holds half of a character (an escape from \ud800 to \udfff without the other half): no key has one"


class Section:
    """One JSON object; leaving its `with` block notes the keys that nobody asked for.

    A read of a wrong value notes the problem in the shared list and returns what an absent value would give.
    """

    def __init__(self, value: object, path: str, problems: list[str]) -> None:
        self._path = path
        self._problems = problems
        self._values: dict[str, object] = {}
        self._known: list[str] = []
        if isinstance(value, dict):
            self._values = value
        else:
            problems.append(f"{path} must be an object, not {_kind(value)}")

    def __enter__(self) -> "Section":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for key in self._values:
            if key not in self._known:
                self.note(key, "is not a setting" + did_you_mean(key, self._known, otherwise="the settings here are"))

    def note(self, key: str, problem: str) -> None:
        """Note what is wrong with the value of `key`."""
        self._problems.append(f"{self._path}.{key} {problem}")

    def text(self, key: str, rule: NameRule | None = None) -> str | None:
        """A text that follows the rule, if it is there."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            self.note(key, f"must be a text, not {_quoted(value)}")
            return None
        if not _is_unicode(value):
            self.note(key, _NO_UNICODE)
            return None
        if problem := rule and rule(value):
            self.note(key, f"is {_visible(value)}: {problem}")
            return None
        return value

    def integer(self, key: str, *, minimum: int, maximum: int, because: str | None = None) -> int | None:
        """A whole number within both bounds, if it is there; `because` tells a person who is outside why they are."""
        value = self._take(key)
        if value is None:
            return None
        # JSON's true is an int to Python.
        if not isinstance(value, int) or isinstance(value, bool):
            self.note(key, f"must be a whole number, not {_quoted(value)}")
            return None
        if not minimum <= value <= maximum:
            reason = f", as {because}" if because else ""
            self.note(key, f"is {value:,}: it must be from {minimum:,} to {maximum:,}{reason}")
            return None
        return value

    def flag(self, key: str) -> bool:
        """Whether something is asked for: true or false, false when absent."""
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            self.note(key, f"must be true or false, not {_quoted(value)}")
        return value is True

    def choice(self, key: str, choices: Collection[str | int]) -> str | int | None:
        """One of the choices, if it is there."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (str, int)) or value not in choices:
            self.note(key, f"is {value!r}: it must be one of {', '.join(map(str, choices))}")
            return None
        return value

    def texts(self, key: str, rule: NameRule) -> tuple[str, ...]:
        """A list of texts that follow the rule, none of them empty and none twice; empty when absent."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            self.note(key, 'must be a list of texts that are not empty, such as ["a", "b"]')
            return ()
        if not all(map(_is_unicode, value)):
            self.note(key, _NO_UNICODE)
            return ()
        if len(set(value)) < len(value):
            self.note(key, "names the same text twice")
        for text in value:
            if problem := rule(text):
                self.note(key, f"has {_visible(text)}: {problem}")
        return tuple(value)

    def section(self, key: str) -> "Section":
        """The object at `key`; an empty one when absent."""
        return Section(self._take(key, {}), f"{self._path}.{key}", self._problems)

    def sections(self, key: str) -> Iterator["Section"] | None:
        """The list of objects at `key`, if it is there."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.note(key, f"must be a list of objects, not {_kind(value)}")
            return None
        path = f"{self._path}.{key}"
        return (Section(item, f"{path}[{number}]", self._problems) for number, item in enumerate(value))

    def named_sections(self, key: str, rule: NameRule) -> Iterator[tuple[str, "Section"]] | None:
        """The objects at `key` with the names they were given, if it is there."""
        value = self._take(key)
        if value is None:
            return None
        section = Section(value, f"{self._path}.{key}", self._problems)
        return section._named(rule)

    def _named(self, rule: NameRule) -> Iterator[tuple[str, "Section"]]:
        for name in self._values:
            if problem := rule(name):
                self._problems.append(f"{self._path}: '{name}' cannot be used: {problem}")
            yield name, self.section(name)

    def _take(self, key: str, absent: object = None) -> object:
        self._known.append(key)
        return self._values.get(key, absent)


def did_you_mean(word: str, known: Collection[str], *, otherwise: str) -> str:
    """The end of a sentence about an unknown word: the known word it looks like, or else all of them."""
    if close := get_close_matches(word, known, n=1):
        return f": did you mean '{close[0]}'?"
    return f": {otherwise} {', '.join(sorted(known))}"


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _visible(text: str) -> str:
    """A text in quotes, with an escape for what would not be seen."""
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + "'"


def _quoted(value: object) -> str:
    """What kind of value it is, and a short one itself."""
    kind = _kind(value)
    if not value or not isinstance(value, (str, int, float)):
        return kind
    written = json.dumps(value)
    return f"{kind} ({written})" if len(written) <= _LONGEST_QUOTED else kind


def _kind(value: object) -> str:
    names = {
        type(None): "null",
        bool: "true or false",
        int: "a number",
        float: "a number with a fraction",
        str: "a text",
    }
    if value == "":
        return "an empty text"
    return names.get(type(value), "a list" if isinstance(value, list) else "an object")
