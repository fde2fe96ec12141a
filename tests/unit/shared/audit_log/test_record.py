"""A record holds what the design says, and survives the way to DynamoDB and back."""

import re
from datetime import datetime, timedelta, timezone

import pytest

from shared.audit_log.record import Record
from shared.errors import PermanentError
from shared.events import Completion, Destination, Trigger
from tests.fakes.outcomes import UPLOADED_AT, a_record, an_upload, copied, failed, skipped

DESIGNED = [
    "LogID",
    "Outcome",
    "Reason",
    "Message",
    "SourceBucket",
    "DestinationBucket",
    "ObjectKey",
    "DestinationKey",
    "Size",
    "SourceETag",
    "SourceVersionId",
    "DestinationETag",
    "DestinationVersionId",
    "ChecksumAlgorithm",
    "Checksum",
    "ChecksumType",
    "Sequencer",
    "UploadedAt",
    "StartedAt",
    "FinishedAt",
    "LoggedAt",
    "Method",
    "Parts",
    "Attempt",
    "Trigger",
    "RequestedBy",
    "OperationId",
]
INDEX = ["SourceObject", "DayShard", "FinishedOrder"]


def with_everything() -> Completion:
    return failed(
        an_upload(version_id="v1"),
        destination=Destination(bucket="out", key="k", etag="e", version_id="v2"),
        checksum=copied().checksum,
        parts=3,
        method="UploadPartCopy",
        trigger=Trigger.BACKFILL,
        requested_by="ana",
        operation_id="o-1",
    )


def test_an_item_has_exactly_the_attributes_of_the_design_and_those_of_the_indexes() -> None:
    assert sorted(a_record(with_everything()).to_item()) == sorted(DESIGNED + INDEX)


def test_what_is_shown_has_the_attributes_in_the_order_of_the_design_without_those_of_the_indexes() -> None:
    assert list(a_record(with_everything()).attributes()) == DESIGNED


def test_what_is_absent_is_left_out_of_the_item() -> None:
    item = a_record().to_item()
    assert not {"Reason", "Message", "SourceVersionId", "Parts", "RequestedBy"} & item.keys()
    assert all(value not in ({"S": ""}, {"NULL": True}) for value in item.values())


@pytest.mark.parametrize("completion", [copied(), skipped(), failed(), with_everything()], ids=lambda c: str(c.outcome))
def test_a_record_comes_back_from_its_item_as_it_was(completion: Completion) -> None:
    record = a_record(completion)
    assert Record.from_item(record.to_item()) == record


def test_numbers_are_numbers_and_the_rest_is_text() -> None:
    item = a_record(with_everything()).to_item()
    assert {name for name, value in item.items() if "N" in value} == {"Size", "Parts", "Attempt"}
    assert item["Size"] == {"N": "42"}


def test_moments_are_utc_with_milliseconds_so_that_they_sort_as_text() -> None:
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    upload = an_upload(uploaded_at=UPLOADED_AT.astimezone(elsewhere) + timedelta(microseconds=7_891))
    attributes = a_record(copied(upload)).attributes()
    assert attributes["UploadedAt"] == "2026-11-23T10:00:00.007Z"
    for name in ("StartedAt", "FinishedAt", "LoggedAt"):
        assert re.fullmatch(r"2026-11-23T10:00:0\d\.\d{3}Z", str(attributes[name]))


def test_the_index_attributes_are_made_of_the_object_the_day_and_the_log_id() -> None:
    record = a_record()
    item = record.to_item()
    assert item["SourceObject"] == {"S": "in/report.csv"}
    assert item["FinishedOrder"] == {"S": f"2026-11-23T10:00:02.000Z#{record.log_id}"}
    assert re.fullmatch(r"2026-11-23#[0-7]", item["DayShard"]["S"])


def test_a_log_id_always_has_the_same_shard_and_a_days_records_use_all_eight() -> None:
    def shard(number: int) -> str:
        return a_record(copied(an_upload(key=str(number)))).to_item()["DayShard"]["S"]

    shards = [shard(number) for number in range(100)]
    assert shards == [shard(number) for number in range(100)]
    assert set(shards) == {f"2026-11-23#{number}" for number in range(8)}


def test_a_redelivery_that_ends_otherwise_has_the_identity_of_the_first_delivery() -> None:
    later = UPLOADED_AT + timedelta(minutes=5)
    assert a_record(skipped(attempt=2, finished_at=later)).identity == a_record(copied()).identity


@pytest.mark.parametrize(
    "change", [{"bucket": "b"}, {"key": "k"}, {"etag": "e"}, {"version_id": "v"}, {"sequencer": "9"}]
)
def test_another_upload_has_another_identity(change: dict[str, str]) -> None:
    assert a_record(copied(an_upload(**change))).identity != a_record(copied()).identity


def test_a_failure_has_another_identity_than_a_success_of_the_same_upload() -> None:
    assert a_record(failed()).identity != a_record(copied()).identity


@pytest.mark.parametrize(
    "completion", [copied(log_id="7"), copied(log_id=copied().log_id.upper())], ids=["log id", "log id in capitals"]
)
def test_what_could_not_be_a_key_of_the_table_is_a_malformed_event(completion: Completion) -> None:
    with pytest.raises(PermanentError) as refused:
        a_record(completion)
    assert refused.value.reason == "MalformedEvent"
    assert "`$.detail.logId` is not a LogID" in refused.value.message


def test_a_key_of_1024_bytes_is_recorded_whole() -> None:
    record = a_record(copied(an_upload(key="ä" * 512)))
    assert Record.from_item(record.to_item()).object_key == "ä" * 512


@pytest.mark.parametrize("name", ["Outcome", "ObjectKey", "Size", "FinishedAt"])
def test_an_item_without_a_needed_attribute_is_no_record_and_the_error_names_it(name: str) -> None:
    item = a_record().to_item()
    del item[name]
    with pytest.raises(ValueError, match=name):
        Record.from_item(item)


def test_an_item_with_an_attribute_of_the_wrong_type_is_no_record() -> None:
    with pytest.raises(ValueError, match="Size"):
        Record.from_item(a_record().to_item() | {"Size": {"S": "42"}})


def test_attributes_that_a_later_version_adds_are_passed_over() -> None:
    record = a_record()
    assert Record.from_item(record.to_item() | {"Colour": {"L": [{"S": "red"}]}}) == record


def test_a_record_is_filed_under_the_day_that_its_end_has_in_utc() -> None:
    half_past_midnight = datetime.fromisoformat("2026-11-24T00:30:00.123456+05:30")
    record = a_record(copied(finished_at=half_past_midnight))
    assert record.to_item()["DayShard"]["S"].startswith("2026-11-23#")
    assert Record.from_item(record.to_item()) == record


@pytest.mark.parametrize("name", ["uploaded_at", "started_at", "finished_at", "logged_at"])
def test_a_record_keeps_moments_no_finer_than_its_item_does(name: str) -> None:
    fine = UPLOADED_AT + timedelta(microseconds=1_999)
    record = Record.of(copied(an_upload(uploaded_at=fine), started_at=fine, finished_at=fine), logged_at=fine)
    assert getattr(record, name) == UPLOADED_AT + timedelta(milliseconds=1)
