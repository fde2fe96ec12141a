"""The operator's desk: the deployed system on the embedded AWS, and the installed `copytrail` command beside it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localaws.embedded import EmbeddedAws
from tests.pipeline.trail import Trail
from tests.terminal import Running, Terminal


class Desk(Trail):
    """A deployed copytrail, and a terminal beside it."""

    def __init__(self, aws: EmbeddedAws, outputs: dict[str, str], home: Path) -> None:
        super().__init__(aws, outputs)
        self.dynamodb = aws.client("dynamodb")
        self.terminal = Terminal(home, aws.environment | {"COPYTRAIL_STACK": aws.stack_name or ""})

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `copytrail` with its output in pipes. An empty value takes a variable away."""
        return self.terminal.run(*arguments, **environment)

    def show(self, *arguments: str, width: int = 120) -> str:
        """Run `copytrail` on a terminal of so many characters a line; what it shows."""
        return self.terminal.show(*arguments, width=width)

    def popen(self, *arguments: str, **environment: str) -> Running:
        """Start `copytrail`, to be stopped before its end."""
        return self.terminal.popen(*arguments, **environment)


@pytest.fixture(scope="module")
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """With the settings of the module's `CONTEXT`, if it has one, over those of cdk.json."""
    with EmbeddedAws() as aws:
        outputs = aws.deploy(getattr(request.module, "CONTEXT", None))
        yield Desk(aws, outputs, tmp_path_factory.mktemp("home"))


@pytest.fixture
def desk(deployed: Desk) -> Iterator[Desk]:
    """The desk, quiet before and after the test, with nothing left in a dead-letter queue."""
    yield deployed
    deployed.copier.resume()
    deployed.auditor.resume()
    deployed.skip_delays_until_quiet()
    deployed.letters("CopyDlqUrl")
    deployed.letters("AuditDlqUrl")
