"""The state of the audit table's indexes, as they tell it or not."""

from typing import Any

import pytest

from ops.doctor import storage
from shared.audit_log import schema


class Table:
    """A table with both indexes; `told` is what each of them tells of itself."""

    def __init__(self, **told: str) -> None:
        self._told = told

    def describe_table(self, **_: Any) -> Any:
        indexes = [{"IndexName": name, **self._told} for name in (schema.BY_DAY, schema.BY_OBJECT)]
        return {"Table": {"TableStatus": "ACTIVE", "GlobalSecondaryIndexes": indexes}}


@pytest.mark.parametrize(
    ("told", "problems"), [({}, 0), ({"IndexStatus": "ACTIVE"}, 0), ({"IndexStatus": "CREATING"}, 2)]
)
def test_an_index_that_tells_no_state_is_in_that_of_its_table(told: dict[str, str], problems: int) -> None:
    table: Any = Table(**told)
    assert len(list(storage._table_problems(table, "audit"))) == problems  # noqa: SLF001 - what `doctor` asks of it
