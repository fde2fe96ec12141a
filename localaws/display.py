"""Owns how a person sees what the functions log: one line for each transfer, and what went wrong besides. Pure."""

import json
from typing import Any

from rich.text import Text

_STYLES = {"Copied": "green", "Skipped": "yellow", "Failed": "bold red"}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_THOUSAND = 1024
# Of a line that cannot be shown as what it is, so many characters.
_LONGEST = 200
# What Lambda itself logs when a function did not come to its end.
_TROUBLES = ("Task timed out", "Runtime exited", "cannot start", "[ERROR]")


def line_shown(function: str, line: str) -> Text | None:
    """What a log line looks like on the screen; None when it is not for a person's eyes. Raises nothing."""
    try:
        return _shown(function, line)
    except Exception as error:  # noqa: BLE001 - a line that cannot be shown must not end the thread that logs it
        return Text(f"{function}: {printable(line)[:_LONGEST]} ({type(error).__name__})", style="red")


def _shown(function: str, line: str) -> Text | None:
    fields = _fields(line)
    if fields.get("message") == "transfer":
        return _transfer(fields)
    if fields.get("level") in {"ERROR", "WARNING"}:
        what = printable(f"{fields.get('message')}: {fields.get('explanation') or fields.get('reason') or ''}")
        return Text.assemble((_time(fields), "dim"), " ", (what, "red"))
    if not fields and any(trouble in line for trouble in _TROUBLES):
        return Text(f"{function}: {printable(line.splitlines()[0])}", style="red")
    return None


def size_shown(size: int) -> str:
    """Bytes as people read them: `512 B`, `64.0 MiB`."""
    amount = float(size)
    for unit in _UNITS:
        if amount < _THOUSAND or unit == _UNITS[-1]:
            break
        amount /= _THOUSAND
    return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"


def printable(text: str) -> str:
    """The text with what would move the cursor or change colours written out: a key may hold it."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _transfer(fields: dict[str, Any]) -> Text:
    outcome = str(fields.get("outcome"))
    text = Text.assemble(
        (_time(fields), "dim"), " ", (f"{outcome:<7}", _STYLES.get(outcome, "")), " ", printable(str(fields["source"]))
    )
    if destination := _another_key(str(fields["source"]), str(fields.get("destination") or "")):
        text.append(f" → {printable(destination)}")
    text.append(f"  {size_shown(int(fields.get('size') or 0))}  {fields.get('duration_ms')} ms", style="dim")
    if fields.get("reason"):
        reason = f"{fields['reason']}: {fields['explanation']}" if fields.get("explanation") else str(fields["reason"])
        text.append(f"  {printable(reason)}", style=_STYLES.get(outcome, ""))
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
