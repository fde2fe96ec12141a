"""Days that have records, among many that have none, found without a query for each.

A query looks at one partition of an index, of which a day has eight; a statement looks at fifty, and ends with the
first record that it meets. Over a year without a record, that is sixty calls, not three thousand.

Source: "PartiQL select statements" and "PartiQL comparison operators" (IN: up to 50 partition keys), DynamoDB developer
guide.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

from shared.audit_log import schema
from shared.audit_log.schema import day_shard
from shared.errors import CopytrailError
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MOST_PARTITIONS = 50
# So many statements at once, over a long time without a record.
_MOST_AT_ONCE = 8
# A statement may end before it has looked at everything; one that does so more often is not worth while.
_MOST_PAGES = _MOST_PARTITIONS


class DaysWithRecords:
    """Which days of index `ByDay` have records, as far as DynamoDB says: where it does not, every day may have some."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str) -> None:
        self._dynamodb = dynamodb
        self._from = f'SELECT "{schema.DAY_SHARD}" FROM "{table_name}"."{schema.BY_DAY}"'  # noqa: S608 - our own names
        self._resource = f"{table_name}/index/{schema.BY_DAY}"
        self._is_allowed = True

    def take(
        self,
        days: Iterator[date],
        shards: Sequence[int | str],
        executor: Executor,
        passed: Callable[[int], object],
    ) -> list[date]:
        """The next days that have records, in their order: some of them, and none only if there are no more.

        Args:
            days: are taken from it, as many as it takes.
            shards: a day's, of which one may have a record.
            passed: is told of how many days have no record.
        """
        together = _MOST_PARTITIONS // len(shards)
        at_once = 1
        while day_ranges := [some for _ in range(at_once) if (some := list(islice(days, together)))]:
            found = self._having_records(day_ranges, shards, executor)
            if found and self._is_allowed and together > 1:
                found = self._having_records([[day] for days_ in found for day in days_], shards, executor)
            with_records = [day for days_ in found for day in days_]
            passed(sum(map(len, day_ranges)) - len(with_records))
            if with_records:
                return with_records
            at_once = min(2 * at_once, _MOST_AT_ONCE)
        return []

    def _having_records(
        self, day_ranges: Sequence[list[date]], shards: Sequence[int | str], executor: Executor
    ) -> list[list[date]]:
        partitions = [[day_shard(day, shard) for day in days for shard in shards] for days in day_ranges]
        answers = executor.map(self._has_records, partitions)
        return [days for days, has_records in zip(day_ranges, answers, strict=True) if has_records]

    def _has_records(self, partitions: Sequence[str]) -> bool:
        """Whether one of up to 50 partitions may have a record."""
        statement = f'{self._from} WHERE "{schema.DAY_SHARD}" IN [{", ".join("?" * len(partitions))}]'
        more: dict[str, Any] = {}
        for _ in range(_MOST_PAGES if self._is_allowed else 0):
            try:
                with translated("dynamodb:PartiQLSelect", self._resource):
                    answer = self._dynamodb.execute_statement(
                        Statement=statement, Parameters=[{"S": name} for name in partitions], Limit=1, **more
                    )
            except CopytrailError:
                # Whoever may query but may not do this gets the same records, later.
                self._is_allowed = False
                return True
            if answer.get("Items"):
                return True
            if "NextToken" not in answer:
                return False
            more = {"NextToken": answer["NextToken"]}
        return True
