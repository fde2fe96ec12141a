"""The copier starts only in an environment that can work."""

import pytest

from services.copier.wiring import Settings
from shared.copy_plan import MEBIBYTE, PartSizes
from shared.errors import ConfigurationError
from shared.routes import Route

VARIABLES = {
    "ROUTES": '[{"sourceBucket": "in", "destinationBucket": "out"}]',
    "BUCKET_OWNERS": '{"in": "123456789012"}',
    "TRANSFER_BUS_NAME": "transfers",
    "COPY_QUEUE_URL": "https://queue",
    "COPY_DLQ_URL": "https://dlq",
    "MAX_RECEIVE_COUNT": "5",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "MULTIPART_THRESHOLD_BYTES": "268435456",
    "PART_SIZE_BYTES": "67108864",
    "LARGEST_PART_BYTES": "1677721600",
}


def test_a_complete_environment_is_read() -> None:
    settings = Settings.read(VARIABLES)

    assert settings.routes == (Route(source_bucket="in", destination_bucket="out"),)
    assert settings.bucket_owners == {"in": "123456789012"}
    assert (settings.bus_name, settings.max_receive_count) == ("transfers", 5)
    assert settings.part_sizes == PartSizes(threshold=256 * MEBIBYTE, part=64 * MEBIBYTE, largest=1600 * MEBIBYTE)


@pytest.mark.parametrize(("memory_mb", "threads"), [(128, 10), (1024, 10), (1769, 16), (3538, 32), (10_240, 93)])
def test_threads_grow_with_the_processors_that_memory_buys(memory_mb: int, threads: int) -> None:
    assert Settings.read(VARIABLES | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb)}).threads == threads


def test_an_empty_environment_names_every_variable() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.read({})

    assert raised.value.problems == [f"{name} is not set" for name in VARIABLES]


def test_routes_whose_source_is_their_destination_stop_the_start() -> None:
    with pytest.raises(ConfigurationError, match="in → in"):
        Settings.read(VARIABLES | {"ROUTES": '[{"sourceBucket": "in", "destinationBucket": "in"}]'})


def test_a_route_of_every_version_needs_a_placement_table() -> None:
    variables = VARIABLES | {"ROUTES": '[{"sourceBucket": "in", "destinationBucket": "out", "versions": "every"}]'}

    with pytest.raises(ConfigurationError, match="PLACEMENT_TABLE_NAME is not set"):
        Settings.read(variables)
    assert Settings.read(variables | {"PLACEMENT_TABLE_NAME": "placements"}).placement_table_name == "placements"
