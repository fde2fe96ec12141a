"""What the benchmarks are run on is what it claims to be."""

import json
from datetime import timedelta

import pytest

from benchmarks.dataset.letters import Letters
from benchmarks.dataset.objects import Objects
from benchmarks.dataset.records import DAYS, SINCE, Records
from shared.audit_log import schema
from shared.audit_log.record import Record
from shared.event_decoding import decode_request

OBJECTS = Objects(2_500)


def test_the_destination_differs_as_it_is_told_and_nowhere_else() -> None:
    source = {stored.key: stored for stored in OBJECTS.source()}
    destination = {stored.key: stored for stored in OBJECTS.destination()}
    both = source.keys() & destination.keys()
    assert source.keys() - both == OBJECTS.missing
    assert destination.keys() - both == OBJECTS.extra
    assert {key for key in both if source[key].size != destination[key].size} == OBJECTS.resized
    assert {key for key in both if source[key].etag != destination[key].etag} == OBJECTS.resized | OBJECTS.stale
    assert {key for key in both if source[key].modified > destination[key].modified} == OBJECTS.stale
    assert (len(OBJECTS.missing), len(OBJECTS.resized), len(OBJECTS.stale), len(OBJECTS.extra)) == (4, 3, 2, 1)


@pytest.mark.parametrize("stored", [OBJECTS.source, OBJECTS.destination])
def test_objects_come_in_the_order_of_their_keys(stored: object) -> None:
    keys = [one.key for one in stored()]  # type: ignore[operator]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize("number", [0, 7, 8, 1_234, 2_499])
def test_a_record_is_one_as_the_auditor_writes_it(number: int) -> None:
    item = json.loads(Records(OBJECTS).written(number))
    assert Record.from_item(item).to_item() == item


def test_every_object_has_one_record_in_one_shard() -> None:
    records = Records(OBJECTS)
    days = [SINCE.date() + timedelta(days=day) for day in range(-1, DAYS + 1)]
    shards = [records.of_shard(day, shard) for day in days for shard in range(schema.DAY_SHARDS)]
    numbers = [number for shard in shards for number in shard]
    assert sorted(numbers) == list(range(OBJECTS.count))
    keys = {json.loads(records.written(number))["ObjectKey"]["S"] for number in numbers}
    assert keys == {stored.key for stored in OBJECTS.source()}


def test_letters_are_events_of_s3_and_a_few_are_superseded_or_deleted() -> None:
    letters = Letters(OBJECTS)
    uploads = [decode_request(letters.body(number)).upload for number in range(len(letters))]
    source = {stored.key: stored for stored in OBJECTS.source()}
    there = [upload for upload in uploads if upload.key in source]
    assert len(uploads) - len(there) == letters.deleted == 2
    assert sum(upload.etag != source[upload.key].etag for upload in there) == letters.superseded == 3
    assert len({letters.message_id(number) for number in range(len(letters))}) == OBJECTS.count
