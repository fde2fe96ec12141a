"""An AWS whose gaps are closed, for the adapters of the copier, and the strict fake beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import boto3
import pytest
from moto.s3 import models

from localaws.server import MotoServer
from tests.integration.copier.sides import FakeSide, ServerSide, Side


@pytest.fixture(scope="module")
def server() -> Iterator[MotoServer]:
    """The module's own AWS, which is empty at the start."""
    with MotoServer() as server:
        yield server


@pytest.fixture(scope="module")
def client_of(server: MotoServer) -> Iterator[Callable[[str], Any]]:
    """Service → a boto3 client of the module's own AWS."""
    with ExitStack() as clients:

        def make(service: str) -> Any:
            client = boto3.client(
                service,  # type: ignore[call-overload]  # boto3-stubs types literal service names only
                endpoint_url=server.endpoint_url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
            return clients.enter_context(closing(client))

        yield make


@pytest.fixture(scope="module")
def contract_buckets(client_of: Callable[[str], Any]) -> Iterator[ServerSide]:
    """The buckets of the contract on the module's own AWS. A part may be of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "S3_UPLOAD_PART_MIN_SIZE", 1)
        yield ServerSide(client_of("s3"), client_of("s3"))


@pytest.fixture
def server_side(contract_buckets: ServerSide) -> ServerSide:
    """The adapters, on empty buckets."""
    contract_buckets.empty()
    return contract_buckets


@pytest.fixture(params=["fake", "server"])
def side(request: pytest.FixtureRequest) -> Side:
    """Each of the two, on empty buckets."""
    return FakeSide() if request.param == "fake" else request.getfixturevalue("server_side")
