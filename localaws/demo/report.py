"""The demo's report: a table for people, JSON lines for machines."""

import json
from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from localaws.demo.checks import Checked
from shared.humanize import OUTCOME_STYLES, size_shown

_LONGEST_KEY_SHOWN = 14

ALL_AS_IT_MUST_BE = (
    "bytes, headers, metadata and tags equal; one record for each upload; a reason for every skip and failure; "
    "nothing left in a queue but the message of the upload that must fail."
)


class DemoUpload(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """An upload of the demo, and what was wrong about it. What is None is left out."""

    upload: str
    object_key: str
    size: int
    log_id: str | None = msgspec.field(default=None, name="LogID")
    outcome: str | None = None
    reason: str | None = None
    problems: tuple[str, ...]


def show_table(checked: list[Checked], console: Console) -> None:
    """One row for each upload: what it was, what became of it, how long it took, and whether that is right."""
    table = Table(
        title="Every upload, and what became of it",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("upload", no_wrap=True)
    table.add_column("key", no_wrap=True, max_width=_LONGEST_KEY_SHOWN)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("ok", no_wrap=not any(item.problems for item in checked), min_width=2)
    for item in checked:
        sample = item.uploaded.sample
        outcome = str(item.record.get("Outcome", "no record"))
        table.add_row(
            sample.label,
            Text(sample.key),
            size_shown(len(sample.body)),
            Text(f"{outcome} {item.record.get('Reason', '')}", style=OUTCOME_STYLES.get(outcome, "")),
            _took(item.record),
            Text("; ".join(item.problems), style="bold red") if item.problems else Text("✓", style="green"),
        )
    console.print(table)


def json_line(item: Checked) -> str:
    """One upload as a line of JSON."""
    told = DemoUpload(
        upload=item.uploaded.sample.label,
        object_key=item.uploaded.sample.key,
        size=len(item.uploaded.sample.body),
        log_id=item.record.get("LogID"),
        outcome=item.record.get("Outcome"),
        reason=item.record.get("Reason"),
        problems=item.problems,
    )
    return json.dumps(msgspec.to_builtins(told), ensure_ascii=False)


def summary(checked: list[Checked]) -> str:
    """`24 uploads: 14 copied, 9 skipped, 1 failed`."""
    counts = Counter(str(item.record.get("Outcome", "without a record")).lower() for item in checked)
    return f"{len(checked)} uploads: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))


def _took(record: Any) -> str:
    if "FinishedAt" not in record:
        return "-"
    started, finished = (datetime.fromisoformat(record[name]) for name in ("StartedAt", "FinishedAt"))
    return f"{(finished - started).total_seconds() * 1000:,.0f} ms"
