"""The SQL by which Athena reads an export of the audit table: its table, its views, and a query.

Source: "Table export output format", DynamoDB developer guide: a line for each item, `{"Item": {"LogID": {"S": …}}}`,
in gzip; "OpenX JSON SerDe" and "Reserved keywords", Athena user guide.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import get_args

import msgspec

from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.record import Record

_DEFINITIONS = """
CREATE EXTERNAL TABLE {table} (
  Item struct<
    {struct}
  >
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION '{folder}/AWSDynamoDB/{export_id}/data/';

CREATE OR REPLACE VIEW {name}_transfers AS
SELECT
  {transfers}
FROM {table}
WHERE item.operation IS NULL;

CREATE OR REPLACE VIEW {name}_operations AS
SELECT
  {operations}
FROM {table}
WHERE item.operation IS NOT NULL;

SELECT outcome, reason, count(*) AS transfers, sum(size) AS bytes
FROM {name}_transfers
GROUP BY outcome, reason
ORDER BY transfers DESC;
"""


def definitions(stack: str, *, export_id: str, folder: str) -> str:
    """The statements that make an export a table, records of transfers and of operations a view each, and a query.

    Args:
        stack: names the table and the views.
        export_id: the last part of the export's ARN.
        folder: `s3://bucket/prefix` that was exported to.
    """
    name = _identifier(stack)
    # Athena knows no case: what both kinds of records have is one field.
    fields = {field.lower(): (field, its) for field, its in (*_fields(Record), *_fields(OperationRecord))}
    return _DEFINITIONS.format(
        name=name,
        table=f"{name}_export_{_identifier(export_id)}",
        struct=",\n    ".join(f"`{field}`:struct<{_dynamodb_type(its)}:string>" for field, its in fields.values()),
        folder=folder,
        export_id=export_id,
        transfers=",\n  ".join(_selected(field, its) for field, its in _fields(Record)),
        operations=",\n  ".join(_selected(field, its) for field, its in _fields(OperationRecord)),
    ).strip()


def _fields(record: type[Record | OperationRecord]) -> Iterator[tuple[str, type]]:
    for field in msgspec.structs.fields(record):
        yield field.encode_name, next(iter(get_args(field.type)), field.type)


def _selected(field: str, its_type: type) -> str:
    value = f"item.{field.lower()}.{_dynamodb_type(its_type).lower()}"
    if its_type is int:
        value = f"CAST({value} AS bigint)"
    elif its_type is datetime:
        # A view cannot have a moment with a time zone: all of them are UTC.
        value = f"CAST(from_iso8601_timestamp({value}) AS timestamp)"
    return f"{value} AS {field.lower()}"


def _dynamodb_type(its_type: type) -> str:
    return "N" if its_type is int else "S"


def _identifier(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower())
