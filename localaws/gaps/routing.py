"""Owns how moto finds what a path is about: a key may hold line ends, as S3 allows."""

from collections.abc import Callable
from typing import Any

from moto.moto_server.utilities import RegexConverter

from localaws.gaps import patching


def close() -> None:
    """Let every pattern of a path match line ends too."""
    patching.replace(RegexConverter, "__init__", _with_line_ends)


def _with_line_ends(original: Callable[..., None]) -> Callable[..., None]:
    def initialize(self: Any, url_map: Any, *items: Any) -> None:
        original(self, url_map, *items)
        self.regex = f"(?s:{self.regex})"

    return initialize
