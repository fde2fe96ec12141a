"""DynamoDB's answers: the pages of a day's shards, out of index `ByDay`."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from benchmarks.dataset.records import SINCE, Records
from shared.audit_log import schema

# Answers hold up to 1 MB ("Query", DynamoDB API reference), and a record takes about 1 kB.
_MOST_ITEMS = 1000
_NOTHING = msgspec.Raw(b'{"Items":[],"Count":0,"ScannedCount":0}')


class Table:
    """The audit table."""

    def __init__(self, records: Records | None) -> None:
        self._records = records

    def describe(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """As much of a table's description as a command asks for."""
        return {"Table": {"TableName": asked["TableName"], "CreationDateTime": SINCE.timestamp()}}

    def query(self, asked: Mapping[str, Any]) -> msgspec.Raw:
        """One page of a shard of a day, between two moments.

        Raises:
            KeyError: no command asks so.
        """
        values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
        day, _, shard = values[":day"].partition("#")
        if asked["IndexName"] != schema.BY_DAY:
            raise KeyError(asked["IndexName"])
        if self._records is None or not shard.isdigit():
            return _NOTHING
        order = self._records.finished_order
        numbers = self._records.of_shard(date.fromisoformat(day), int(shard))
        begin = bisect_left(numbers, values[":since"], key=order)
        end = bisect_right(numbers, values[":until"], key=order)
        forward = asked.get("ScanIndexForward", True)
        if following := asked.get("ExclusiveStartKey"):
            after = following[schema.FINISHED_ORDER]["S"]
            if forward:
                begin = bisect_right(numbers, after, key=order)
            else:
                end = bisect_left(numbers, after, key=order)
        page = numbers[begin:end] if forward else numbers[begin:end][::-1]
        return _page(self._records, page, min(asked.get("Limit", _MOST_ITEMS), _MOST_ITEMS))


def _page(records: Records, numbers: range, limit: int) -> msgspec.Raw:
    items = [records.written(number) for number in numbers[:limit]]
    counts = f'"Count":{len(items)},"ScannedCount":{len(items)}'
    following = f',"LastEvaluatedKey":{_key(items[-1])}' if len(numbers) > limit else ""
    return msgspec.Raw(f'{{{counts},"Items":[{",".join(items)}]{following}}}'.encode())


def _key(written: str) -> str:
    item = json.loads(written)
    names = (schema.PARTITION_KEY, schema.DAY_SHARD, schema.FINISHED_ORDER)
    return json.dumps({name: item[name] for name in names})
