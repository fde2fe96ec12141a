"""Owns what is on record of the compared keys: read out of the audit table by time, kept on disk, given by key.

The table's index by object has no order of keys. SQLite sorts on disk: a million records take some 200 MB there.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from ops.reconcile.pairs import Evidence
from ops.reconcile.reading import Told
from ops.reconcile.scope import Scope
from shared.events import Outcome

_OUTCOMES = frozenset({Outcome.COPIED, Outcome.DELETED})


class Recorded:
    """The records of some scopes. For one thread."""

    def __init__(self, connection: sqlite3.Connection, scopes: Sequence[Scope]) -> None:
        self._connection = connection
        self._scopes = scopes
        for scope in scopes:
            connection.execute(
                f"CREATE TABLE {_table(scope)} (key TEXT, finished_at TEXT, log_id TEXT, is_deletion INTEGER,"
                " source_etag TEXT, destination_etag TEXT, size INTEGER)"
            )

    def keep(self, told: Sequence[Told]) -> None:
        """Keep what matters to a scope."""
        for scope in self._scopes:
            rows = [evidence for each in told if (evidence := evidence_of(each, scope))]
            self._connection.executemany(f"INSERT INTO {_table(scope)} VALUES (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608 - our own name

    def of(self, scope: Scope) -> Iterator[Evidence]:
        """What matters to a scope, in the order of keys, and of each key in that of time."""
        found = self._connection.execute(f"SELECT * FROM {_table(scope)} ORDER BY key, finished_at, log_id")  # noqa: S608 - our own name
        return map(Evidence._make, found)


@contextmanager
def recorded(scopes: Sequence[Scope]) -> Iterator[Recorded]:
    """An empty store; nothing is left of it in the end."""
    # A database without a name is a temporary file that nobody else sees.
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA temp_store = FILE")
        connection.execute("BEGIN")
        yield Recorded(connection, scopes)


def evidence_of(told: Told, scope: Scope) -> Evidence | None:
    """What a record means to a scope's route; None: nothing."""
    route = scope.route
    if (
        told.outcome not in _OUTCOMES
        or told.source_bucket != route.source_bucket
        or told.destination_bucket != route.destination_bucket
        or told.destination_key != route.destination_key(told.object_key)
        or not scope.takes_records_of(told.object_key)
    ):
        return None
    return Evidence(
        told.object_key,
        told.finished_at,
        told.log_id,
        told.outcome == Outcome.DELETED,
        told.source_etag,
        told.destination_etag,
        told.size,
    )


def _table(scope: Scope) -> str:
    return f"route_{scope.number}"
