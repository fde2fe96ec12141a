"""What is looked at of buckets, keys and the audit table, whose indexes tell their state or not."""

from typing import Any

import pytest

from ops.doctor import storage
from ops.stack import Stack
from shared.audit_log import schema
from shared.routes import Route


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


def test_buckets_and_keys_of_other_accounts_are_theirs_to_look_at() -> None:
    """They would be denied to everybody here, so that no stack that uses them would ever be healthy."""
    stack = Stack("copytrail")
    own, other = "123456789012", "210987654321"
    vars(stack).update(
        _description={"StackId": f"arn:aws:cloudformation:eu-west-1:{own}:stack/copytrail/id"},
        routes=(
            Route(source_bucket="theirs", destination_bucket="ours", versions="every"),
            Route(source_bucket="lent", destination_bucket="ours"),
        ),
        bucket_names={"a": "theirs", "b": "lent", "c": "ours"},
        existing_buckets={"a": other, "b": own},
        key_arns=[f"arn:aws:kms:eu-west-1:{account}:key/1" for account in (own, other)],
    )
    nobody: Any = None
    assert [check.subject for check in storage.bucket_checks(nobody, stack)] == [
        "notifications of bucket lent",
        "versions of bucket ours",
    ]
    assert [check.subject for check in storage.key_checks(nobody, stack)] == [f"key arn:aws:kms:eu-west-1:{own}:key/1"]
