"""Environment variables read with their types: every problem is found before the first one is reported."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TypeVar

import msgspec

from shared.errors import ConfigurationError

T = TypeVar("T")


class Environment:
    """Reads variables inside a `with` block; leaving the block raises if any was missing or wrong.

    Raises:
        ConfigurationError: on leaving the block, naming every variable that is missing or wrong.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._problems: list[str] = []

    def __enter__(self) -> "Environment":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._problems:
            raise ConfigurationError("environment", self._problems)

    def text(self, name: str) -> str:
        """A variable that must be there and not be empty."""
        value = self._variables.get(name, "")
        if not value:
            self._problems.append(f"{name} is not set")
        return value

    def integer(self, name: str, *, minimum: int, maximum: int) -> int:
        """A whole number within both bounds."""
        return self._read(name, lambda text: _integer(text, minimum, maximum), minimum)

    def json(self, name: str, kind: type[T], check: Callable[[T], None] = lambda _: None) -> T:
        """A JSON value of the given msgspec type, that passes `check`; a ValueError says why it does not."""

        def parse(text: str) -> T:
            value = msgspec.json.decode(text, type=kind)
            check(value)
            return value

        return self._read(name, parse, msgspec.UNSET)

    def _read(self, name: str, parse: Callable[[str], T], placeholder: object) -> T:
        text = self.text(name)
        if text:
            try:
                return parse(text)
            except ValueError as error:
                self._problems.append(f"{name} is wrong: {error}")
        return placeholder  # type: ignore[return-value]  # never seen: leaving the block raises


def _integer(text: str, minimum: int, maximum: int) -> int:
    if not text.isascii() or not text.isdigit() or not minimum <= int(text) <= maximum:
        raise ValueError(f"'{text}' is not a whole number from {minimum} to {maximum}")
    return int(text)
