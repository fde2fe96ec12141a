"""The SQL by which Athena reads an export of the audit table: its table, its views, and a query.

Source: "Table export output format", DynamoDB developer guide: a line for each item, `{"Item": {"LogID": {"S": …}}}`,
in gzip; "OpenX JSON SerDe" and "Reserved keywords", Athena user guide.
"""

import re
from datetime import datetime

from ops.audit.export_formats import Column, columns_of
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
    transfers, operations = tuple(columns_of(Record)), tuple(columns_of(OperationRecord))
    fields = {column.name.lower(): column for column in (*transfers, *operations)}
    return _DEFINITIONS.format(
        name=name,
        table=f"{name}_export_{_identifier(export_id)}",
        struct=",\n    ".join(f"`{each.name}`:struct<{_dynamodb_type(each)}:string>" for each in fields.values()),
        folder=folder,
        export_id=export_id,
        transfers=",\n  ".join(map(_selected, transfers)),
        operations=",\n  ".join(map(_selected, operations)),
    ).strip()


def _selected(column: Column) -> str:
    name = column.name.lower()
    value = f"item.{name}.{_dynamodb_type(column).lower()}"
    if column.type is int:
        value = f"CAST({value} AS bigint)"
    elif column.type is datetime:
        # A view cannot have a moment with a time zone: all of them are UTC.
        value = f"CAST(from_iso8601_timestamp({value}) AS timestamp)"
    return f"{value} AS {name}"


def _dynamodb_type(column: Column) -> str:
    return "N" if column.type is int else "S"


def _identifier(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower())
