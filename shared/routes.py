"""Routes: which upload goes where, and which routes get into each other's way."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from shared.errors import PermanentError, Reason

# Of UTF-8 ("Naming Amazon S3 objects", S3 user guide).
LONGEST_KEY_BYTES = 1024


class Route(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """Source bucket (+ key prefixes, suffixes, sizes in bytes) → destination bucket (+ key prefix)."""

    source_bucket: str
    destination_bucket: str
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    destination_prefix: str = ""
    deletes: bool = False
    versions: Literal["newest", "every"] = "newest"
    storage_class: str | None = None
    website_redirects: bool = False

    def matches(self, bucket: str, key: str, size: int) -> bool:
        """Whether an upload takes this route: exactly what the route's EventBridge rule lets through."""
        return (
            bucket == self.source_bucket
            and any(
                _fits(key, prefix, suffix) for prefix in self.prefixes or ("",) for suffix in self.suffixes or ("",)
            )
            and (self.min_size is None or size >= self.min_size)
            and (self.max_size is None or size <= self.max_size)
        )

    def destination_key(self, key: str) -> str:
        """The key that `key` gets in the destination bucket."""
        return self.destination_prefix + key

    def check_key(self, key: str) -> None:
        """Let a key pass that S3 takes at the destination.

        Raises:
            PermanentError: `KeyTooLong`; with the route's destinationPrefix it is too long.
        """
        if (length := len(self.destination_key(key).encode())) > LONGEST_KEY_BYTES:
            raise PermanentError(
                Reason.KEY_TOO_LONG,
                f"s3://{self.destination_bucket}/{self.destination_key(key)} would have a key of {length:,} bytes, and "
                f"S3 takes {LONGEST_KEY_BYTES:,}: upload it under a shorter key, or shorten the route's "
                "destinationPrefix and replay",
            )

    def overlaps(self, other: "Route") -> bool:
        """Whether some upload could take both routes."""
        return (
            self.source_bucket == other.source_bucket
            and _any_pair(self.prefixes, other.prefixes, lambda a, b: a.startswith(b) or b.startswith(a))
            and _any_pair(self.suffixes, other.suffixes, lambda a, b: a.endswith(b) or b.endswith(a))
            and (self.min_size or 0) <= _upper(other.max_size)
            and (other.min_size or 0) <= _upper(self.max_size)
        )


def can_be_a_key(text: str) -> bool:
    """Whether S3 takes a text for a key: of 1 to 1,024 bytes, and each character whole."""
    try:
        return 0 < len(text.encode()) <= LONGEST_KEY_BYTES
    except UnicodeEncodeError:
        return False


def find_route(routes: Sequence[Route], bucket: str, key: str, size: int) -> Route:
    """The route that an upload takes; routes do not overlap, so there is at most one.

    Raises:
        PermanentError: `NoRoute`; nothing in the configuration lets this upload through.
    """
    for route in routes:
        if route.matches(bucket, key, size):
            return route
    raise PermanentError(
        Reason.NO_ROUTE, f"no route takes s3://{bucket}/{key} ({size:,} bytes): add one, or drop the message"
    )


def versioned_buckets(routes: Sequence[Route]) -> Mapping[str, str]:
    """The buckets that have to keep versions, each with what for."""
    needed: dict[str, str] = {}
    for route in routes:
        if route.versions == "every":
            needed |= dict.fromkeys((route.source_bucket, route.destination_bucket), "every version is copied")
        elif route.deletes:
            needed.setdefault(route.destination_bucket, "deletions are followed")
    return needed


def find_cycle(routes: Sequence[Route]) -> tuple[str, ...] | None:
    """The buckets of a cycle in which copies would cause copies forever, or None."""
    onward: dict[str, set[str]] = {}
    for route in routes:
        onward.setdefault(route.source_bucket, set()).add(route.destination_bucket)

    def walk(path: tuple[str, ...]) -> tuple[str, ...] | None:
        for bucket in sorted(onward.get(path[-1], ())):
            if bucket in path:
                return (*path[path.index(bucket) :], bucket)
            if found := walk((*path, bucket)):
                return found
        return None

    return next((found for start in sorted(onward) if (found := walk((start,)))), None)


def _fits(key: str, prefix: str, suffix: str) -> bool:
    # EventBridge's `prefix*suffix` wildcard never lets prefix and suffix share characters.
    return len(key) >= len(prefix) + len(suffix) and key.startswith(prefix) and key.endswith(suffix)


def _any_pair(mine: tuple[str, ...], theirs: tuple[str, ...], meets) -> bool:  # type: ignore[no-untyped-def]
    return any(meets(a, b) for a in mine or ("",) for b in theirs or ("",))


def _upper(size: int | None) -> float:
    return float("inf") if size is None else size
