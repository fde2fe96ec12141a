"""Each rule of AWS's that our code depends on, asked of both: what they answer is what `docs/aws-behaviour.md` says."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localaws.embedded import REGION
from localaws.server import MotoServer
from shared.lambda_runtime.aws import keep_expires_as_text
from tests.second_aws.page import RULES
from tests.second_aws.rules import Rule, Site
from tests.second_aws.second import SecondAws

pytestmark = pytest.mark.second_aws


@pytest.fixture(scope="module")
def embedded_site() -> Iterator[Site]:
    with MotoServer() as server, ExitStack() as clients:

        def client(service: str) -> Any:
            made: Any = boto3.client(
                service,  # type: ignore[call-overload]  # boto3-stubs types literal service names only
                endpoint_url=server.endpoint_url,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}),
            )
            keep_expires_as_text(made)
            return clients.enter_context(closing(made))

        yield Site(client, server.endpoint_url)


@pytest.fixture(scope="module")
def second_site(second: SecondAws) -> Site:
    return Site(second.client, second.endpoint_url)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_embedded_aws_answers_as_the_page_says(embedded_site: Site, rule: Rule) -> None:
    assert rule.ask(embedded_site) == (rule.aws if rule.embedded is None else rule.embedded)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_ministack_answers_as_the_page_says(second_site: Site, rule: Rule) -> None:
    assert rule.ask(second_site) == (rule.aws if rule.second is None else rule.second)
