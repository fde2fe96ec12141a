"""An embedded AWS for each test, and a small stack in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws.deployment.deploy import deploy as deploy_stack
from localaws.embedded import EmbeddedAws
from tests.integration.localaws.small_stack import Small, small_template, stack_of


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


DeploySmall = Callable[..., Small]


@pytest.fixture
def deploy_small(aws: EmbeddedAws, tmp_path: Path) -> DeploySmall:
    def deploy(
        handler: str,
        *,
        mapping: dict[str, Any] | None = None,
        function: dict[str, Any] | None = None,
        queue: dict[str, Any] | None = None,
    ) -> Small:
        stack = stack_of(small_template(mapping or {}, function or {}, queue or {}), tmp_path, handler)
        outputs = deploy_stack(stack, aws.client)
        return Small(aws, outputs["QueueUrl"], outputs["DlqUrl"])

    return deploy
