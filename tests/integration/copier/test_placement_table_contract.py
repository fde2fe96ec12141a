"""One contract, two placement ledgers: the fake, and the DynamoDB adapter on a DynamoDB whose gaps are closed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from localaws.gaps import gaps_closed
from services.copier.adapters.placement_table import DynamoDbPlacementLedger
from services.copier.model import (
    Copied,
    KeyState,
    Lease,
    LeaseHeldError,
    LeaseLostError,
    Location,
    NotNewerError,
    Placement,
    Version,
)
from services.copier.ports import PlacementLedger
from shared import placement_table
from shared.errors import PermanentError
from shared.events import Checksum, Destination
from shared.uploads import sequencer_order
from tests.fakes.placements import FakePlacementLedger

TABLE = "placements"
KEY = Location("out", "a key+with%20bites/ü.txt")
NOW = datetime(2026, 11, 23, 10, 0, 0, 123_000, tzinfo=UTC)


@pytest.fixture(params=["fake", "DynamoDB"])
def ledger(request: pytest.FixtureRequest) -> Iterator[PlacementLedger]:
    if request.param == "fake":
        yield FakePlacementLedger()
        return
    with gaps_closed(), mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        names = (placement_table.PARTITION_KEY, placement_table.SORT_KEY)
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": names[0], "KeyType": "HASH"},
                {"AttributeName": names[1], "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        )
        yield DynamoDbPlacementLedger(dynamodb, TABLE)
        dynamodb.close()


def a_version(number: int, *, on_the_way_to: Version | None = None) -> Version:
    return Version(f"v{number}", sequencer_order(f"00{number}"), f"etag{number}", number, on_the_way_to)


def a_lease(owner: str, *, at: datetime = NOW) -> Lease:
    return Lease(owner, at, at + timedelta(minutes=15))


def placed(version: Version) -> Placement:
    checksum = Checksum(algorithm="CRC64NVME", value="yNxsHbMLBxs=", type="FULL_OBJECT")
    destination = Destination(bucket=KEY.bucket, key=KEY.key, etag=version.etag, version_id=f"copy of {version.id}")
    return Placement(version, Copied(destination, checksum, "CopyObject", 1), NOW)


def place(ledger: PlacementLedger, version: Version) -> Placement:
    ledger.take(KEY, version, a_lease("theirs"))
    ledger.place(KEY, placed(version), "theirs", then=None)
    return placed(version)


def test_a_new_key_is_free_and_empty(ledger: PlacementLedger) -> None:
    assert ledger.take(KEY, a_version(1), a_lease("mine")) == KeyState(None, None)


def test_the_newest_placement_is_told_as_it_was(ledger: PlacementLedger) -> None:
    first = place(ledger, a_version(1))

    assert ledger.take(KEY, a_version(2), a_lease("mine")) == KeyState(first, None)


@pytest.mark.parametrize("number", [1, 2])
def test_what_is_not_newer_has_no_turn(ledger: PlacementLedger, number: int) -> None:
    newest = place(ledger, a_version(2))

    with pytest.raises(NotNewerError) as refused:
        ledger.take(KEY, a_version(number), a_lease("mine"))
    assert refused.value.newest == newest


def test_a_lease_keeps_others_out_until_it_runs_out(ledger: PlacementLedger) -> None:
    ledger.take(KEY, a_version(1), a_lease("theirs"))

    with pytest.raises(LeaseHeldError):
        ledger.take(KEY, a_version(2), a_lease("mine", at=NOW + timedelta(minutes=15)))
    state = ledger.take(KEY, a_version(2), a_lease("mine", at=NOW + timedelta(minutes=15, milliseconds=1)))

    assert state == KeyState(None, a_version(1))


def test_a_lease_of_one_key_is_none_of_another(ledger: PlacementLedger) -> None:
    ledger.take(KEY, a_version(1), a_lease("theirs"))

    assert ledger.take(Location("out", "other"), a_version(1), a_lease("mine")) == KeyState(None, None)


def test_who_asks_again_for_his_own_lease_has_it(ledger: PlacementLedger) -> None:
    """boto3 asks again when no answer came."""
    ledger.take(KEY, a_version(1), a_lease("mine"))

    assert ledger.take(KEY, a_version(1), a_lease("mine")) == KeyState(None, a_version(1))


def test_who_lost_the_lease_changes_nothing(ledger: PlacementLedger) -> None:
    ledger.take(KEY, a_version(1), a_lease("theirs"))
    later = NOW + timedelta(hours=1)
    ledger.take(KEY, a_version(2), a_lease("mine", at=later))

    with pytest.raises(LeaseLostError):
        ledger.set_pending(KEY, a_version(3), "theirs")
    with pytest.raises(LeaseLostError):
        ledger.place(KEY, placed(a_version(1)), "theirs", then=None)
    with pytest.raises(LeaseLostError):
        ledger.release(KEY, "theirs", clear_pending=True)
    ledger.release(KEY, "mine", clear_pending=False)
    assert ledger.take(KEY, a_version(4), a_lease("next", at=later)) == KeyState(None, a_version(1))


def test_what_is_pending_stays_so_until_it_is_cleared_or_placed(ledger: PlacementLedger) -> None:
    ledger.take(KEY, a_version(1), a_lease("first"))
    ledger.release(KEY, "first", clear_pending=False)
    assert ledger.take(KEY, a_version(2), a_lease("second")).pending == a_version(1)
    ledger.set_pending(KEY, a_version(2), "second")
    ledger.release(KEY, "second", clear_pending=False)
    assert ledger.take(KEY, a_version(3), a_lease("third")).pending == a_version(2)
    ledger.release(KEY, "third", clear_pending=True)

    assert ledger.take(KEY, a_version(4), a_lease("fourth")).pending is None


def test_a_version_on_the_way_to_another_keeps_the_lease_and_its_goal(ledger: PlacementLedger) -> None:
    older = a_version(1, on_the_way_to=a_version(2))
    ledger.take(KEY, a_version(2), a_lease("theirs"))
    ledger.set_pending(KEY, older, "theirs")
    ledger.place(KEY, placed(older), "theirs", then=a_version(2))

    with pytest.raises(LeaseHeldError):
        ledger.take(KEY, a_version(2), a_lease("mine"))
    state = ledger.take(KEY, a_version(2), a_lease("mine", at=NOW + timedelta(hours=1)))

    assert state == KeyState(placed(older), a_version(2))


def test_placements_are_remembered_each_by_its_version(ledger: PlacementLedger) -> None:
    for number in (1, 2):
        ledger.remember(KEY, placed(a_version(number)))
        ledger.remember(KEY, placed(a_version(number)))

    assert [ledger.recall(KEY, f"v{number}") for number in (1, 2, 3)] == [
        placed(a_version(1)),
        placed(a_version(2)),
        None,
    ]
    assert ledger.recall(Location("out", "other"), "v1") is None


def test_of_many_who_want_the_lease_at_once_one_has_it(ledger: PlacementLedger) -> None:
    def take(number: int) -> bool:
        try:
            ledger.take(KEY, a_version(1), a_lease(f"owner {number}"))
        except LeaseHeldError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(take, range(16))).count(True) == 1


def test_a_missing_table_is_permanent_and_named() -> None:
    with gaps_closed(), mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        with pytest.raises(PermanentError, match="dynamodb:UpdateItem on elsewhere"):
            DynamoDbPlacementLedger(dynamodb, "elsewhere").take(KEY, a_version(1), a_lease("mine"))
        dynamodb.close()


@pytest.mark.parametrize(
    ("older", "newer"), [("0A", "0B"), ("0a", "0B"), ("0A", "0A1"), ("0055AED6DCD90281E5", "0055AED6DCD90281E6")]
)
def test_sequencers_sort_whatever_their_case_and_length(older: str, newer: str) -> None:
    assert sequencer_order(older) < sequencer_order(newer)
    assert sequencer_order(older) == sequencer_order(older.lower()) == sequencer_order(older + "00")
