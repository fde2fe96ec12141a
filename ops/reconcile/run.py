"""Owns a whole run: clients, listings and records are opened, one route after the other is compared, all is closed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from ops.audit.records import tell_unreadable
from ops.aws.listing import WORKERS, list_objects
from ops.reconcile.comparing import Comparison, Tally
from ops.reconcile.difference import Difference, Kept
from ops.reconcile.looking import THREADS, Eyes
from ops.reconcile.pairs import Evidence, Pair, pairs
from ops.reconcile.reading import read_records, told_by
from ops.reconcile.recorded import Recorded, evidence_of, recorded
from ops.reconcile.scope import Scope
from ops.stack import Output, Stack
from ops.terminal.progress import progress
from shared import times
from shared.audit_log.query import CLOCKS_DIFFER_BY, AuditQuery

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Wish:
    """What the person asks for, beyond the scopes."""

    deep: bool
    with_records: bool
    since: datetime | None


@dataclass(frozen=True)
class _Records:
    """What is on record: by key, as it was read, and of one key, as it is now."""

    store: Recorded
    query: AuditQuery

    def of(self, scope: Scope, key: str) -> Iterator[Evidence]:
        """What is on record of one key now, in the order of time."""
        records = self.query.by_object(scope.route.source_bucket, key)
        found = (evidence_of(told_by(record), scope) for record in records)
        return iter(sorted((each for each in found if each), key=attrgetter("finished_at")))


def compare(
    stack: Stack,
    scopes: Sequence[Scope],
    wish: Wish,
    *,
    show: Callable[[Difference], None],
    wanted: Kept | None,
) -> list[tuple[Scope, Tally]]:
    """Compare each scope; `wanted` gets the differences that a copy would end.

    Raises:
        CopytrailError: AWS did not answer, or refused.
    """
    compared = []
    with (
        closing(stack.client("s3", connections=2 * WORKERS + THREADS)) as s3,
        _records(stack, scopes, wish) as records,
        progress("comparing", total=None, unit="objects") as advance,
    ):
        for scope in scopes:
            comparison = Comparison(
                scope,
                Eyes(s3, deep=wish.deep),
                deep=wish.deep,
                records_of=_records_of(records, scope),
                advance=advance,
            )
            with _pairs(s3, scope, records) as found:
                for difference in comparison.run(found):
                    show(difference)
                    if wanted is not None and difference.may_be_repaired and not takes_no_requests(scope):
                        wanted.keep(difference)
            compared.append((scope, comparison.tally))
    return compared


def takes_no_requests(scope: Scope) -> bool:
    """Whether the copier refuses a request along this route: only S3's own events tell the order of versions."""
    return scope.route.versions == "every"


@contextmanager
def _records(stack: Stack, scopes: Sequence[Scope], wish: Wish) -> Iterator[_Records | None]:
    """What is on record, read by now."""
    if not wish.with_records:
        yield None
        return
    since = times.earlier(wish.since, CLOCKS_DIFFER_BY) if wish.since else None
    with (
        closing(stack.client("dynamodb", connections=2 * THREADS)) as dynamodb,
        recorded(scopes) as store,
    ):
        table_name = stack.output(Output.AUDIT_TABLE_NAME)
        with progress("reading records", total=None, unit="records") as advance:
            query = AuditQuery(dynamodb, table_name)
            until = times.now() + CLOCKS_DIFFER_BY
            for told in read_records(dynamodb, table_name, since=since, until=until, unreadable=query.unreadable):
                store.keep(told)
                advance(len(told))
        yield _Records(store, query)
        tell_unreadable(query.unreadable)


def _records_of(records: _Records | None, scope: Scope) -> Callable[[str], Iterable[Evidence]] | None:
    return (lambda key: records.of(scope, key)) if records else None


@contextmanager
def _pairs(s3: "S3Client", scope: Scope, records: _Records | None) -> Iterator[Iterator[Pair]]:
    route = scope.route
    with (
        closing(list_objects(s3, route.source_bucket, prefixes=scope.prefixes)) as source,
        closing(list_objects(s3, route.destination_bucket, prefixes=scope.copy_prefixes)) as copies,
    ):
        on_record = records.store.of(scope) if records else ()
        yield pairs(source, copies, on_record, destination_prefix=route.destination_prefix)
