"""Lines for the screen of `copytrail local up`: a function's log line, a route, an upload to try. Pure."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from shared.humanize import OUTCOME_STYLES, size_shown, visible
from shared.routes import Route

# Of a line that cannot be shown as what it is, so many characters.
_LONGEST = 200
# What Lambda itself logs when a function did not come to its end.
_TROUBLES = ("Task timed out", "Runtime exited", "cannot start", "[ERROR]")


def line_shown(function: str, line: str) -> Text | None:
    """What a log line looks like on the screen; None when it is not for a person's eyes. Raises nothing."""
    try:
        return _as_text(function, line)
    except Exception as error:  # noqa: BLE001 - a line that cannot be shown must not end the thread that logs it
        return Text(f"{function}: {visible(line)[:_LONGEST]} ({type(error).__name__})", style="red")


def _as_text(function: str, line: str) -> Text | None:
    fields = _fields(line)
    if fields.get("message") == "transfer":
        return _transfer(fields)
    if fields.get("level") in {"ERROR", "WARNING"}:
        what = visible(f"{fields.get('message')}: {fields.get('explanation') or fields.get('reason') or ''}")
        return Text.assemble((_time(fields), "dim"), " ", (what, "red"))
    if not fields and any(trouble in line for trouble in _TROUBLES):
        return Text(f"{function}: {visible(line.splitlines()[0])}", style="red")
    return None


def _transfer(fields: dict[str, Any]) -> Text:
    outcome = str(fields.get("outcome"))
    style = OUTCOME_STYLES.get(outcome, "")
    source = visible(str(fields["source"]))
    text = Text.assemble((_time(fields), "dim"), " ", (f"{outcome:<7}", style), " ", source)
    if destination := _another_key(str(fields["source"]), str(fields.get("destination") or "")):
        text.append(f" → {visible(destination)}")
    text.append(f"  {size_shown(int(fields.get('size') or 0))}  {fields.get('duration_ms')} ms", style="dim")
    if fields.get("reason"):
        reason = f"{fields['reason']}: {fields['explanation']}" if fields.get("explanation") else str(fields["reason"])
        text.append(f"  {visible(reason)}", style=style)
    return text


def _another_key(source: str, destination: str) -> str:
    """The destination, s3://bucket/key, where its key is another; where it goes otherwise, the route says."""
    return "" if destination.split("/", 3)[3:] == source.split("/", 3)[3:] else destination


def _fields(line: str) -> dict[str, Any]:
    try:
        fields = json.loads(line) if line.startswith("{") else {}
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _time(fields: dict[str, Any]) -> str:
    # 2026-11-23T02:59:07.459+00:00
    return str(fields.get("timestamp", ""))[11:19]


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
