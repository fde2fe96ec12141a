"""The deployed system on the embedded AWS: real template, real handlers in their own processes."""

from collections.abc import Callable, Iterator

import pytest

from localaws.embedded import EmbeddedAws
from tests.pipeline.trail import Trail


@pytest.fixture(scope="module")
def deployed(request: pytest.FixtureRequest) -> Iterator[Trail]:
    """With the settings of the module's `CONTEXT`, if it has one, over those of cdk.json."""
    with EmbeddedAws() as aws:
        yield Trail(aws, aws.deploy(getattr(request.module, "CONTEXT", None)))


@pytest.fixture
def trail(deployed: Trail) -> Iterator[Trail]:
    """The deployed system, quiet before and after the test, with nothing left in a dead-letter queue."""
    yield deployed
    deployed.copier.resume()
    deployed.auditor.resume()
    deployed.skip_delays_until_quiet()
    left = deployed.letters("CopyDlqUrl") + deployed.letters("AuditDlqUrl")
    assert left == [], "the test left dead letters"


@pytest.fixture
def once() -> Callable[[Callable[[], object]], Callable[[], None]]:
    """Make an action that is done the first time only."""

    def wrap(action: Callable[[], object]) -> Callable[[], None]:
        pending = [action]

        def run() -> None:
            if pending:
                pending.pop()()

        return run

    return wrap
