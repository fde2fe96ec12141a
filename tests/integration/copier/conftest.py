"""Owns an AWS whose gaps are closed, for the adapters of the copier."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import boto3
import pytest

from localaws.server import MotoServer


@pytest.fixture(scope="module")
def client_of() -> Iterator[Callable[[str], Any]]:
    """Service → a boto3 client of the module's own AWS, which is empty at the start."""
    with MotoServer() as server, ExitStack() as clients:

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
