"""A change of a configuration that S3 replaces as a whole: merged, shown, agreed on, put on record, and verified."""

import difflib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from ops.errors import CommandError
from ops.operation_events import operation
from ops.stack import Stack
from ops.terminal.prompts import confirm, note
from shared import times
from shared.humanize import visible
from shared.operations import OperationKind

Configuration = Mapping[str, Any]

# Bucket configurations are eventually consistent ("Amazon S3 data consistency model", S3 user guide).
_READS = 10
_BETWEEN_READS_S = 1.0


@dataclass(frozen=True)
class BucketConfiguration:
    """One configuration of a bucket, by what S3 calls it: how all of it is read, and replaced."""

    name: str
    bucket: str
    read: Callable[[], Configuration]
    replace: Callable[[Configuration], None]

    def is_like(self, other: Configuration) -> bool:
        """Whether S3 tells this configuration now, in whatever order it lists it."""
        return is_like(self.read(), other)


def is_like(one: Configuration, other: Configuration) -> bool:
    """Whether two say the same, in whatever order they list it."""
    return bool(_in_order(one) == _in_order(other))


def apply_change(
    stack: Stack,
    kind: OperationKind,
    configuration: BucketConfiguration,
    *,
    before: Configuration,
    after: Configuration,
    yes: bool,
) -> bool:
    """Show what changes, ask, and replace the configuration; False: nobody agreed.

    S3 has no condition for it: what somebody else puts in the moment between the last reading and the writing is
    overwritten. What they put while the question was open is found.

    Raises:
        CopytrailError: S3 or EventBridge refused or did not answer.
        CommandError: somebody changed it meanwhile, or S3 does not tell the new one.
    """
    place = f"s3://{configuration.bucket}"
    for line in difference(before, after):
        click.echo(visible(line), err=True)
    if not confirm(f"Replace the {configuration.name} of {place}?", yes=yes):
        return False
    with operation(stack, kind, subject=place, filters={}) as running:
        if not configuration.is_like(before):
            raise CommandError(
                f"somebody changed the {configuration.name} of {place} meanwhile, and nothing was written:"
                " run the same command again"
            )
        configuration.replace(after)
        running.count("changed")
        for read in range(_READS):
            if configuration.is_like(after):
                break
            if read + 1 < _READS:
                time.sleep(_BETWEEN_READS_S)
        else:
            raise CommandError(
                f"S3 took the new {configuration.name} of {place} and tells another: somebody changed it at the same"
                " moment, or it takes effect late; run the same command again"
            )
    note(f"done, as operation {running.id}")
    return True


def difference(before: Configuration, after: Configuration) -> list[str]:
    """The lines of the JSON that come and go, with what stands around them."""
    lines = difflib.unified_diff(as_json(before).splitlines(), as_json(after).splitlines(), lineterm="")
    # The first two name files.
    return list(lines)[2:]


def as_json(configuration: Configuration) -> str:
    """The configuration as `aws s3api` takes it."""
    return json.dumps(configuration, indent=2, default=_text)


def _text(value: object) -> str:
    return times.to_text(value) if isinstance(value, datetime) else str(value)


def _in_order(value: Any) -> Any:
    """The value with its lists in an order of their own: S3's may change."""
    if isinstance(value, Mapping):
        return {name: _in_order(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted(map(_in_order, value), key=lambda each: json.dumps(each, sort_keys=True, default=_text))
    return value
