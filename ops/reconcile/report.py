"""Output of `copytrail reconcile`, differences and their totals: JSON, tabs into a pipe, or tables on a terminal."""

from collections.abc import Iterator, Sequence
from typing import Literal

import click

from ops.reconcile.comparison import Tally
from ops.reconcile.differences import Difference, Kind
from ops.reconcile.scope import Scope
from ops.terminal.json import JsonObject, print_json
from ops.terminal.prompts import note
from ops.terminal.tables import Cell, Column, Table, terminal_width
from shared.humanize import WIDEST_SIZE, size_shown, visible

_MOST_SHOWN = 20
_STYLES = {
    Kind.SAME: "green",
    Kind.IN_FLIGHT: "cyan",
    Kind.MISSING: "red",
    Kind.COPY_DELETED: "red",
    Kind.DIFFERENT: "red",
    Kind.NO_RECORD: "yellow",
    Kind.NO_SOURCE: "magenta",
    Kind.UNCLEAR: "yellow",
}
_MEANINGS = {
    Kind.SAME: "the same at both ends",
    Kind.IN_FLIGHT: "so new that they may be under way",
    Kind.MISSING: "in the source, not at the destination",
    Kind.COPY_DELETED: "copied once, deleted at the destination",
    Kind.DIFFERENT: "not the same at both ends",
    Kind.NO_RECORD: "at both ends, not on record",
    Kind.NO_SOURCE: "at the destination, not in the source",
    Kind.UNCLEAR: "could not be read",
}
_NO_SOURCE_IS_EXPECTED = "only at the destination: no difference here"

DIFFERENCE_TABLE = Table[Difference](
    Column("Kind", lambda found: Cell(found.kind, _STYLES[found.kind]), 11),
    Column("Size", lambda found: size_shown(found.bytes), WIDEST_SIZE, right=True, from_width=60),
    Column("What", lambda found: found.explanation, least=26, from_width=66),
    Column("Key", lambda found: found.object_key, least=16, keeps_end=True),
    piped=lambda found: (
        found.kind,
        str(found.bytes),
        found.explanation,
        found.source_url,
        f"s3://{found.destination_bucket}/{found.destination_key}",
    ),
    json=Difference.attributes,
)

Compared = Sequence[tuple[Scope, Tally]]


class ObjectCount(JsonObject, frozen=True, kw_only=True):
    """Number of objects, and their bytes."""

    objects: int
    size: int


class RouteSummary(JsonObject, frozen=True, kw_only=True):
    """Totals of the comparison of one route."""

    route: int
    source_bucket: str
    destination_bucket: str
    destination_prefix: str
    differences: int
    same: ObjectCount
    in_flight: ObjectCount
    missing: ObjectCount
    copy_deleted: ObjectCount
    different: ObjectCount
    no_record: ObjectCount
    no_source: ObjectCount
    unclear: ObjectCount
    by_size_only: int
    head_failed: int
    too_long: int


class RepairSummary(JsonObject, frozen=True, kw_only=True):
    """The copies that were requested."""

    operation_id: str
    requested: int


class ReconcileSummary(JsonObject, frozen=True, kw_only=True):
    """Totals of a comparison: the last line."""

    kind: Literal["Summary"]
    differences: int
    routes: tuple[RouteSummary, ...]
    repair: RepairSummary | None = None


class Report:
    """Prints differences and totals. `with_repair`: on a terminal, all that are to be repaired are shown later."""

    def __init__(self, *, as_json: bool, with_repair: bool) -> None:
        self._as_json = as_json
        self._with_repair = with_repair
        self._is_table = terminal_width() is not None and not as_json
        self._first: list[Difference] = []
        self._count = 0

    def show(self, found: Difference) -> None:
        """Show one more: at once, or on a terminal when all are found."""
        if not self._is_table:
            DIFFERENCE_TABLE.print([found], as_json=self._as_json)
        elif not (self._with_repair and found.may_be_repaired):
            self._count += 1
            if self._count <= _MOST_SHOWN:
                self._first.append(found)

    def print_totals(self, compared: Compared) -> None:
        """Print the totals; into a pipe, as notes."""
        if self._is_table:
            if self._first:
                DIFFERENCE_TABLE.print(self._first)
                if self._count > len(self._first):
                    click.echo(f"… and {self._count - len(self._first):,} more: a pipe or --json gets them all")
                click.echo()
            for scope, tally in compared:
                click.echo(visible(_title(scope)))
                _totals(scope, tally).print(kind for kind in Kind if tally.objects[kind] or kind is Kind.SAME)
        elif not self._as_json:
            for scope, tally in compared:
                note(f"{_title(scope)}: {_totals_in_words(tally)}")
        _print_notes([tally for _, tally in compared])

    def show_repairable(self, differences: Iterator[Difference]) -> None:
        """What would be repaired: on a terminal, elsewhere it has been shown."""
        if self._is_table:
            click.echo()
            DIFFERENCE_TABLE.print(differences)

    def print_summary(self, compared: Compared, repair: RepairSummary | None) -> None:
        """The last line for a program."""
        if self._as_json:
            print_json(
                ReconcileSummary(
                    kind="Summary",
                    differences=sum(tally.differences for _, tally in compared),
                    routes=tuple(_route_summary(scope, tally) for scope, tally in compared),
                    repair=repair,
                ).attributes()
            )


def _route_summary(scope: Scope, tally: Tally) -> RouteSummary:
    counts = {kind: ObjectCount(objects=tally.objects[kind], size=tally.bytes[kind]) for kind in Kind}
    return RouteSummary(
        route=scope.number,
        source_bucket=scope.route.source_bucket,
        destination_bucket=scope.route.destination_bucket,
        destination_prefix=scope.route.destination_prefix,
        differences=tally.differences,
        by_size_only=tally.by_size_only,
        head_failed=tally.head_failed,
        too_long=tally.too_long,
        **{kind.name.lower(): count for kind, count in counts.items()},
    )


def _title(scope: Scope) -> str:
    route = scope.route
    return (
        f"route {scope.number}: s3://{route.source_bucket} → s3://{route.destination_bucket}/{route.destination_prefix}"
    )


def _totals(scope: Scope, tally: Tally) -> Table[Kind]:
    def meaning(kind: Kind) -> Cell:
        is_expected = kind is Kind.NO_SOURCE and not scope.route.deletes
        return Cell(_NO_SOURCE_IS_EXPECTED if is_expected else _MEANINGS[kind], "dim")

    return Table(
        Column("Kind", lambda kind: Cell(kind, _STYLES[kind]), 11),
        Column("Objects", lambda kind: f"{tally.objects[kind]:,}", 7, right=True, is_whole=True),
        Column("Size", lambda kind: size_shown(tally.bytes[kind]), WIDEST_SIZE, right=True, is_whole=True),
        Column("Which are", meaning, from_width=60),
    )


def _totals_in_words(tally: Tally) -> str:
    return ", ".join(f"{tally.objects[kind]:,} {kind}" for kind in Kind if tally.objects[kind] or kind is Kind.SAME)


def _print_notes(tallies: Sequence[Tally]) -> None:
    if not any(tally.objects for tally in tallies):
        note("nothing was compared: no object and no record matches")
    if by_size_only := sum(tally.by_size_only for tally in tallies):
        note(f"of {by_size_only:,} only the sizes could be compared: --deep compares what HEAD says of each")
    if head_failed := sum(tally.head_failed for tally in tallies):
        why = next(tally.why_head_failed for tally in tallies if tally.head_failed)
        note(f"{head_failed:,} could not be read by HEAD, and are shown as they are listed: {why}")
    if too_long := sum(tally.too_long for tally in tallies):
        note(
            f"{too_long:,} can have no copy, as its key would be too long: shorten the route's destinationPrefix, or"
            " the keys; --repair leaves them out"
        )
    if any(tally.objects[kind] for tally in tallies for kind in (Kind.MISSING, Kind.DIFFERENT, Kind.NO_RECORD)):
        note("why: copytrail dlq ls shows what failed, copytrail audit history s3://BUCKET/KEY what became of one")
