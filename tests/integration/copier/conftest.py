"""An AWS whose gaps are closed, for the adapters of the copier."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import boto3
import pytest

from localaws.server import MotoServer


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
