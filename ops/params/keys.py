"""Keys and objects as a person names them: `--key-prefix`, `--key-glob`, `s3://bucket/key`."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from ops.params.filters import Filters, filtered

_LITERAL = re.compile(r"[^*?\[]*")


def key_prefix(of: Callable[[Any], str]) -> Any:
    """Filter `--key-prefix` of things whose keys `of` gives."""
    return filtered(
        "--key-prefix",
        lambda thing, prefix: of(thing).startswith(prefix),
        instead=lambda thing: f"its key is '{of(thing)}'",
        default="",
        metavar="PREFIX",
        help="Only keys that begin with this.",
    )


def key_glob(of: Callable[[Any], str]) -> Any:
    """Filter `--key-glob` of things whose keys `of` gives."""
    return filtered(
        "--key-glob",
        lambda thing, glob: fnmatchcase(of(thing), glob),
        instead=lambda thing: f"its key is '{of(thing)}'",
        default="",
        metavar="GLOB",
        help="Only keys that look like this: * is anything, also slashes.",
    )


@dataclass(frozen=True)
class KeyFilter(Filters[str]):
    """Keys that begin with `prefix` and look like `glob`; one that is empty takes every key.

    In a glob, `*` stands for any characters, slashes too, as in S3's own wildcards.
    """

    prefix: str = key_prefix(str)
    glob: str = key_glob(str)

    def prefixes(self, within: Iterable[str]) -> tuple[str, ...]:
        """The prefixes, in order, that find every key that passes and begins with one of `within`."""
        literal = _LITERAL.match(self.glob)
        of_filter = _both(self.prefix, literal[0] if literal else "")
        if of_filter is None:
            return ()
        both = (_both(prefix, of_filter) for prefix in within)
        return tuple(sorted({prefix for prefix in both if prefix is not None}))


def _both(one: str, other: str) -> str | None:
    """The prefix of what begins with both, or None: nothing does."""
    shorter, longer = sorted((one, other), key=len)
    return longer if longer.startswith(shorter) else None


_SCHEME = "s3://"


class S3Url(NamedTuple):
    """Where an object is."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        """`s3://bucket/key`."""
        return f"{_SCHEME}{self.bucket}/{self.key}"


def read_s3_url(url: str) -> S3Url | None:
    """The place that an S3 URL names, or None; its key is taken as it is written, nothing in it is decoded."""
    bucket, _, key = url.removeprefix(_SCHEME).partition("/")
    return S3Url(bucket, key) if url.startswith(_SCHEME) and bucket and key else None
