"""What requested copies will cost."""

from typing import Any

import pytest

from ops.backfill.cost import Cost, usd_shown
from ops.backfill.objects import SourceObject
from shared.copy_plan import PartSizes
from shared.routes import Route
from tests.unit.ops.backfill.examples import source_object

MIB = 1024**2
GIB = 1024**3
SHIPPED = PartSizes(threshold=256 * MIB, part=256 * MIB)
ROUTE = Route(source_bucket="uploads", destination_bucket="copies")


def bill(*objects: SourceObject, route: Route = ROUTE) -> dict[str, tuple[int, Any]]:
    cost = Cost(SHIPPED)
    for each in objects:
        cost.add(each, route)
    return {item.item: (item.amount, item.usd) for item in cost.items()}


def test_a_million_small_objects() -> None:
    costs = bill(*[source_object("k" * 30, size=1000)] * 1000)

    assert costs["S3 writes"] == (1000, pytest.approx(0.005))
    assert costs["EventBridge"] == (2000, pytest.approx(0.002))
    assert costs["SQS"] == (6000, pytest.approx(0.0024))
    assert costs["DynamoDB"] == (3000, pytest.approx(0.001875))
    assert "S3 reads" not in costs
    assert "S3 retrieval" not in costs


def test_a_copy_in_parts_is_a_request_for_each_and_some_around_them() -> None:
    costs = bill(source_object("a", size=GIB))

    assert costs["S3 writes"][0] == 4 + 2
    assert costs["S3 reads"][0] == 5


def test_objects_in_rarely_read_classes_cost_their_retrieval() -> None:
    costs = bill(source_object("a", size=GIB, storage_class="GLACIER_IR"), source_object("b", size=GIB))

    assert costs["S3 retrieval"] == (GIB, pytest.approx(0.03))


def test_copies_are_written_at_the_price_of_the_route_s_storage_class() -> None:
    infrequent = Route(source_bucket="uploads", destination_bucket="copies", storage_class="STANDARD_IA")

    assert bill(source_object("a"), route=infrequent)["S3 writes"][1] == pytest.approx(0.00001)


def test_a_long_key_makes_a_record_of_more_units() -> None:
    assert bill(source_object("ä" * 500))["DynamoDB"][0] == 3 * 4


def test_an_object_without_an_etag_is_looked_up_first() -> None:
    assert bill(source_object("a", etag=None))["S3 reads"][0] == 1


def test_all_lines_come_to_the_sum() -> None:
    cost = Cost(SHIPPED)
    cost.add(source_object("a", size=5 * GIB, storage_class="STANDARD_IA"), ROUTE)

    assert cost.usd == pytest.approx(sum(item.usd for item in cost.items()))


@pytest.mark.parametrize(("usd", "shown"), [(0.0, "under 0.01 USD"), (0.01, "0.01 USD"), (1234.5, "1,234.50 USD")])
def test_money_is_told_in_cents(usd: float, shown: str) -> None:
    assert usd_shown(usd) == shown
