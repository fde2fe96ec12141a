"""The guards that a mutation takes away, one at a time, and the copier without one of its own.

Those of S3, EventBridge and Lambda are left out by the simulated services.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from unittest.mock import patch

from services.copier.model import Copied, CopyCommand, Skipped
from services.copier.newest_only import NewestOnly


@dataclass(frozen=True)
class Guards:
    """Which guards are in place; all of them in the system as it is."""

    source_match: bool = True
    destination_match: bool = True
    destination_first: bool = True
    verify_source: bool = True
    care_when_retried: bool = True
    failed_entries: bool = True
    publish_before_delete: bool = True
    conditional_put: bool = True
    part_pin: bool = True
    abort: bool = True


ALL_GUARDS = Guards()
NAMES = tuple(field.name for field in fields(Guards))


def without(*names: str) -> Guards:
    """The guards but for those named."""
    return Guards(**dict.fromkeys(names, False))


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
