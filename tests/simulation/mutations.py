"""The copier without a guard of its own. Those of S3, EventBridge and Lambda are left out by the simulated services."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from services.copier.model import Copied, CopyCommand, Skipped
from services.copier.newest_only import NewestOnly
from tests.simulation.guards import Guards


@contextmanager
def applied(guards: Guards) -> Iterator[None]:
    """The never-backwards rule without its last step, if that guard is off."""
    if guards.verify_source:
        yield
    else:
        with patch("services.copier.newest_only.NewestOnly.verify_source", lambda *_: True):
            yield


class Careless(NewestOnly):
    """The never-backwards rule for which every delivery is the first."""

    def copy(self, command: CopyCommand) -> Copied | Skipped:
        """Copy one upload along its route."""
        return super().copy(replace(command, retried=False))
