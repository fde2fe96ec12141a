"""Owns how a person sees a route: from where to where, what it takes, and an upload that it takes. Pure."""

import shlex
from collections.abc import Iterator

from shared.humanize import size_shown, visible
from shared.routes import Route


def route_shown(route: Route) -> str:
    """`s3://in/ → s3://out/archive/  keys that begin with "a/"; at least 1.0 KiB`."""
    way = f"s3://{route.source_bucket}/ → s3://{route.destination_bucket}/{visible(route.destination_prefix)}"
    filters = "; ".join(_filters(route))
    return f"{way}  {filters}" if filters else way


def upload_suggested(route: Route) -> str:
    """A command that uploads something that takes the route."""
    key = route.prefixes[0] if route.prefixes else ""
    if route.suffixes:
        key += f"sample{route.suffixes[0]}"
    url = shlex.quote(f"s3://{route.source_bucket}/{visible(key)}")
    if sizes := " and ".join(_sizes(route)):
        return f"aws s3 cp FILE {url}   # of {sizes}"
    return f"aws s3 cp README.md {url}"


def _filters(route: Route) -> Iterator[str]:
    if route.prefixes:
        yield f"keys that begin with {_any_of(route.prefixes)}"
    if route.suffixes:
        yield f"keys that end with {_any_of(route.suffixes)}"
    yield from _sizes(route)


def _sizes(route: Route) -> Iterator[str]:
    if route.min_size is not None:
        yield f"at least {size_shown(route.min_size)}"
    if route.max_size is not None:
        yield f"at most {size_shown(route.max_size)}"


def _any_of(texts: tuple[str, ...]) -> str:
    return " or ".join(f'"{visible(text)}"' for text in texts)
