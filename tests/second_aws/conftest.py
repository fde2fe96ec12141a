"""One second AWS for the session."""

from collections.abc import Iterator

import pytest

from tests.second_aws.second import SecondAws


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondAws]:
    with SecondAws(tmp_path_factory.mktemp("second")) as aws:
        yield aws
