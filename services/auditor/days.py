"""Owns which days have records at all, asked of many days at once.

A query looks at one partition of an index, of which a day has eight. A statement looks at fifty, and ends with the
first record that it meets. Over a year without a record, that is sixty calls, not three thousand.

Source: "PartiQL select statements" and "PartiQL comparison operators" (IN: up to 50 partition keys), DynamoDB developer
guide.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

from shared import audit_schema
from shared.aws import translated
from shared.errors import CopytrailError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MOST_PARTITIONS = 50
# So many statements at once, over a long time without a record.
_MOST_AT_ONCE = 8
# A statement may end before it has looked at everything; one that does so more often is not worth while.
_MOST_PAGES = _MOST_PARTITIONS


class Days:
    """Which days of an index have records, as far as DynamoDB says: where it does not, every day may have some."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str) -> None:
        self._dynamodb = dynamodb
        self._from = f'SELECT "{audit_schema.DAY_SHARD}" FROM "{table_name}"."{audit_schema.BY_DAY}"'  # noqa: S608 - our own names
        self._resource = f"{table_name}/index/{audit_schema.BY_DAY}"
        self._is_told = True

    def next_with_records(
        self,
        days: Iterator[date],
        partitions_of: Callable[[date], Sequence[str]],
        executor: Executor,
        passed: Callable[[int], object],
    ) -> list[date]:
        """The next days that have records, in their order: some of them, and none only if there are no more.

        Args:
            days: are taken from it, as many as it takes.
            partitions_of: a day's partitions of the index.
            passed: is told of how many days have no record.
        """
        at_once = 1
        first = next(days, None)
        if first is None:
            return []
        together = _MOST_PARTITIONS // len(partitions_of(first))
        stretches = [[first, *islice(days, together - 1)]]
        while stretches:
            found = self._having(stretches, partitions_of, executor)
            if found and self._is_told and together > 1:
                found = self._having([[day] for stretch in found for day in stretch], partitions_of, executor)
            meant = [day for stretch in found for day in stretch]
            passed(sum(map(len, stretches)) - len(meant))
            if meant:
                return meant
            at_once = min(2 * at_once, _MOST_AT_ONCE)
            stretches = [some for _ in range(at_once) if (some := list(islice(days, together)))]
        return []

    def _having(
        self, stretches: Sequence[list[date]], partitions_of: Callable[[date], Sequence[str]], executor: Executor
    ) -> list[list[date]]:
        asked = [[name for day in stretch for name in partitions_of(day)] for stretch in stretches]
        return [stretch for stretch, has in zip(stretches, executor.map(self._any, asked), strict=True) if has]

    def _any(self, partitions: Sequence[str]) -> bool:
        """Whether one of up to 50 partitions may have a record."""
        statement = f'{self._from} WHERE "{audit_schema.DAY_SHARD}" IN [{", ".join("?" * len(partitions))}]'
        more: dict[str, Any] = {}
        for _ in range(_MOST_PAGES if self._is_told else 0):
            try:
                with translated("dynamodb:PartiQLSelect", self._resource):
                    answer = self._dynamodb.execute_statement(
                        Statement=statement, Parameters=[{"S": name} for name in partitions], Limit=1, **more
                    )
            except CopytrailError:
                # Whoever may query but may not do this gets the same records, later.
                self._is_told = False
                return True
            if answer.get("Items"):
                return True
            if "NextToken" not in answer:
                return False
            more = {"NextToken": answer["NextToken"]}
        return True
