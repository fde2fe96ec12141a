"""What Athena is told of an export."""

import re

from ops.audit.athena import definitions
from shared.audit_log.operation_record import OperationRecord
from shared.operations import Operation, OperationKind, Stage
from tests.fakes.outcomes import UPLOADED_AT, a_record, copied

INDEXED = {"SourceObject", "DayShard", "FinishedOrder"}


def defined(**changes: str) -> str:
    return definitions(**({"stack": "my-Stack", "export_id": "0167-ab", "folder": "s3://b/p"} | changes))


def test_the_table_is_where_dynamodb_puts_the_data_of_the_export() -> None:
    assert "LOCATION 's3://b/p/AWSDynamoDB/0167-ab/data/';" in defined()
    assert "LOCATION 's3://b/AWSDynamoDB/0167-ab/data/';" in defined(folder="s3://b")


def test_names_are_such_as_athena_takes() -> None:
    created = re.findall(r"CREATE (?:EXTERNAL TABLE|OR REPLACE VIEW) (\S+)", defined())
    assert created == ["my_stack_export_0167_ab", "my_stack_transfers", "my_stack_operations"]


def test_every_attribute_of_an_item_is_a_field_of_its_type() -> None:
    operation = Operation(
        operation_id="o-1",
        kind=OperationKind.DROP,
        stage=Stage.FAILED,
        subject="copy DLQ",
        performed_by="arn:me",
        at=UPLOADED_AT,
        filters={"reason": "AccessDenied"},
        counts={"dropped": 2},
        message="why",
    )
    items = a_record(copied(parts=2)).to_item() | OperationRecord.of(operation, UPLOADED_AT).to_item()
    fields = dict(re.findall(r"`(\w+)`:struct<([SN]):string>", defined()))
    assert fields.items() >= {name: next(iter(value)) for name, value in items.items() if name not in INDEXED}.items()


def test_each_kind_of_record_has_a_view_of_its_own_with_numbers_and_moments() -> None:
    _, _, transfers, operations, _ = re.split(r"CREATE|\n\nSELECT", defined())
    assert "item.objectkey.s AS objectkey" in transfers
    assert "CAST(item.size.n AS bigint) AS size" in transfers
    assert "CAST(from_iso8601_timestamp(item.uploadedat.s) AS timestamp) AS uploadedat" in transfers
    assert transfers.endswith("WHERE item.operation IS NULL;\n\n")
    assert "item.performedby.s AS performedby" in operations
    assert operations.endswith("WHERE item.operation IS NOT NULL;")


def test_every_name_in_the_views_is_one_of_the_table() -> None:
    fields = {name.lower(): its.lower() for name, its in re.findall(r"`(\w+)`:struct<([SN]):string>", defined())}
    used = dict(re.findall(r"item\.(\w+)\.([sn])\b", defined()))
    assert used == fields
