"""What docs/cost.md prints is what the code takes now, and what `backfill` estimates is what was counted."""

from benchmarks.cost.counted import pipeline
from benchmarks.cost.tables import tables
from docs.cost import PAGE, page
from infra.settings.functions import CopierSettings
from ops.backfill.cost import Cost
from shared.routes import Route
from tests.unit.ops.backfill.examples import source_object

GIB = 1024**3
SHIPPED = CopierSettings()
ROUTE = Route(source_bucket="uploads", destination_bucket="copies")


def test_the_page_has_the_tables_as_they_are_now() -> None:
    assert page(PAGE.read_text(), tables()) == PAGE.read_text(), "make docs writes it"


def test_a_new_key_takes_one_request_of_s3_and_a_backfill_s_estimate_is_what_the_copier_takes() -> None:
    with pipeline(threshold=SHIPPED.multipart_threshold_mib, part=SHIPPED.part_size_mib) as both:
        counted = {gib: both.process(both.upload(gib * 1024, key=f"{gib}.csv")) for gib in (0, 5)}
    assert (counted[0].s3_writes, counted[0].s3_reads, counted[0].events) == (1, 0, 1)
    for gib, counts in counted.items():
        estimate = Cost(SHIPPED.part_sizes)
        estimate.add(source_object(f"{gib}.csv", size=gib * GIB), ROUTE)
        amounts = {item.item: item.amount for item in estimate.items()}
        assert amounts["S3 writes"] == counts.s3_writes
        assert amounts.get("S3 reads", 0) == counts.s3_reads
        assert amounts["DynamoDB"] == 3 * counts.write_units
