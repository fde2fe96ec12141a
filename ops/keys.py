"""Owns how a person names the keys that are meant."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True)
class KeyFilter:
    """Keys that begin with `prefix` and look like `glob`; one that is empty takes every key."""

    prefix: str = ""
    glob: str = ""

    def matches(self, key: str) -> bool:
        """Whether a key is meant. In a glob, `*` stands for any characters, slashes too, as in S3's own wildcards."""
        return key.startswith(self.prefix) and (not self.glob or fnmatchcase(key, self.glob))


def key_options(command: F) -> F:
    """Add `--key-prefix` and `--key-glob` to a command, as `key_prefix` and `key_glob`."""
    command = click.option(
        "--key-glob", default="", metavar="GLOB", help="Only keys that look like this: * is anything, also slashes."
    )(command)
    return click.option("--key-prefix", default="", metavar="PREFIX", help="Only keys that begin with this.")(command)
