"""What every ledger promises: the fake's promises are DynamoDB's."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from services.auditor.ledger import DynamoDbLedger
from services.auditor.worker import Appended, Ledger, LogIdConflictError
from shared.audit_log.items import AnyRecord
from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.query import AuditQuery
from shared.errors import PermanentError, TransientError
from shared.operations import Stage
from tests.fakes.ledger import FakeLedger
from tests.fakes.operations import an_operation
from tests.fakes.outcomes import UPLOADED_AT, a_record, an_upload, copied, failed, skipped

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Reader = Callable[[str], AnyRecord | None]


@pytest.fixture(params=["fake", "DynamoDB"])
def kept(request: pytest.FixtureRequest) -> tuple[Ledger, Reader]:
    """A ledger, and a way to see what it holds."""
    if request.param == "fake":
        fake = FakeLedger()
        return fake, fake.records.get
    dynamodb = request.getfixturevalue("dynamodb")
    return DynamoDbLedger(dynamodb, "audit"), AuditQuery(dynamodb, "audit").get


def test_a_record_is_kept_as_it_is(kept: tuple[Ledger, Reader]) -> None:
    ledger, read = kept
    record = a_record()
    assert ledger.append(record) is Appended.NEW
    assert read(record.log_id) == record


def test_a_duplicate_is_a_success_and_the_first_record_stays(kept: tuple[Ledger, Reader]) -> None:
    ledger, read = kept
    first, second = a_record(copied()), a_record(skipped(attempt=2))
    ledger.append(first)
    assert ledger.append(second) is Appended.DUPLICATE
    assert read(first.log_id) == first


def test_a_log_id_that_stands_for_another_upload_is_a_conflict_and_the_first_record_stays(
    kept: tuple[Ledger, Reader],
) -> None:
    ledger, read = kept
    first = a_record()
    ledger.append(first)
    with pytest.raises(LogIdConflictError) as conflict:
        ledger.append(a_record(copied(an_upload(key="other"), log_id=first.log_id)))
    assert conflict.value.reason == "LogIdConflict"
    assert "s3://in/other" in conflict.value.message
    assert "s3://in/report.csv" in conflict.value.message
    assert read(first.log_id) == first


def test_what_an_operator_did_is_kept_beside_the_transfers(kept: tuple[Ledger, Reader]) -> None:
    ledger, read = kept
    stages = (an_operation(stage=stage) for stage in (Stage.STARTED, Stage.COMPLETED))
    began, ended = (OperationRecord.of(told, UPLOADED_AT) for told in stages)
    assert [ledger.append(began), ledger.append(ended), ledger.append(ended)] == [
        Appended.NEW,
        Appended.NEW,
        Appended.DUPLICATE,
    ]
    assert (read(began.log_id), read(ended.log_id)) == (began, ended)


def test_a_failure_and_a_later_success_are_both_kept(kept: tuple[Ledger, Reader]) -> None:
    ledger, read = kept
    failure, success = a_record(failed()), a_record(copied())
    assert [ledger.append(failure), ledger.append(success)] == [Appended.NEW, Appended.NEW]
    assert read(failure.log_id) == failure
    assert read(success.log_id) == success


def test_of_many_appends_at_once_exactly_one_is_new(kept: tuple[Ledger, Reader]) -> None:
    ledger, _ = kept
    record = a_record()
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: ledger.append(record), range(16)))
    assert results.count(Appended.NEW) == 1
    assert results.count(Appended.DUPLICATE) == 15


def test_an_item_that_is_no_record_is_a_conflict(dynamodb: "DynamoDBClient") -> None:
    record = a_record()
    dynamodb.put_item(TableName="audit", Item={"LogID": {"S": record.log_id}, "Note": {"S": "hello"}})
    with pytest.raises(LogIdConflictError, match="no record"):
        DynamoDbLedger(dynamodb, "audit").append(record)


def test_a_missing_table_is_permanent_and_named(dynamodb: "DynamoDBClient") -> None:
    with pytest.raises(PermanentError, match="dynamodb:PutItem on elsewhere"):
        DynamoDbLedger(dynamodb, "elsewhere").append(a_record())


def test_throttling_is_transient() -> None:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as aws:
        aws.add_client_error("put_item", "ProvisionedThroughputExceededException", "slow down")
        with pytest.raises(TransientError, match="slow down"):
            DynamoDbLedger(client, "audit").append(a_record())


def test_a_duplicate_is_told_by_the_refusal_itself_without_another_call() -> None:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    record = a_record()
    with Stubber(client) as aws:
        aws.add_client_error(
            "put_item",
            "ConditionalCheckFailedException",
            expected_params={
                "TableName": "audit",
                "Item": record.to_item(),
                "ConditionExpression": "attribute_not_exists(#id)",
                "ExpressionAttributeNames": {"#id": "LogID"},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
            modeled_fields={"Item": record.to_item()},
        )
        assert DynamoDbLedger(client, "audit").append(record) is Appended.DUPLICATE
        aws.assert_no_pending_responses()
