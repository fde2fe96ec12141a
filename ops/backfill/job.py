"""Owns what one backfill has to do: from the options, the stack and the checkpoint to the objects that are meant."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ops.backfill.checkpoint import Checkpoint, CheckpointFile
from ops.backfill.existing import Existence, Listing
from ops.backfill.inventory import Inventory
from ops.backfill.manifest import Manifest, place_named, read_manifest
from ops.backfill.selection import Selection, prefixes_to_list
from ops.errors import UsageError
from ops.params.keys import KeyFilter
from ops.params.moment import Moment, check_order
from ops.stack import Output, Stack
from shared.copy_plan import PartSizes
from shared.routes import Route

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Wish:
    """What is asked for, as it was written; what was not is ""."""

    bucket: str
    keys: KeyFilter
    since: str
    until: str
    manifest: str
    include_archived: bool

    @property
    def filters(self) -> dict[str, str]:
        """The options that narrow the backfill down, by their names."""
        options = {
            "--key-prefix": self.keys.prefix,
            "--key-glob": self.keys.glob,
            "--since": self.since,
            "--until": self.until,
            "--manifest": self.manifest,
            "--include-archived": "yes" if self.include_archived else "",
        }
        return {name: text for name, text in options.items() if text}


@dataclass(frozen=True)
class Job:
    """What one backfill goes over, which objects of that it takes, and how far an earlier run came (`kept`)."""

    existence: Existence
    selection: Selection
    parts: PartSizes
    arguments: Mapping[str, str]
    filters: Mapping[str, str]
    inventory_of: datetime | None
    file: CheckpointFile
    kept: Checkpoint | None


def job_of(wish: Wish, stack: Stack, s3: "S3Client", checkpoint: Path | None, *, hold: ExitStack | None = None) -> Job:
    """Find out what there is to do.

    Args:
        hold: where the checkpoint's lock is held from now on; None: nothing is going to be requested.

    Raises:
        CommandError: the options do not go together, or with the stack, the inventory or the checkpoint; another
            backfill is at work with it.
        CopytrailError, BotoCoreError, ClientError: AWS did not answer.
    """
    manifest, fingerprint = read_manifest(s3, place_named(wish.manifest)) if wish.manifest else (None, "")
    bucket = _source(wish, stack, manifest)
    routes = _routes(stack, bucket)
    # What is begun with other routes would leave out what only these take.
    arguments = {
        "stack": stack.name,
        "bucket": bucket,
        **wish.filters,
        "manifest": fingerprint,
        "routes": _json(routes),
    }
    file = CheckpointFile(checkpoint or Path(f"backfill-{stack.name}-{bucket}.checkpoint.json"))
    if hold is not None:
        hold.enter_context(file.locked())
    kept = file.read(arguments)
    since, until = (kept.since, kept.until) if kept else (_moment(wish.since), _moment(wish.until))
    check_order(since, until)
    return Job(
        existence=(
            Inventory(s3, manifest, needs_dates=bool(since or until))
            if manifest
            else Listing(s3, bucket, prefixes_to_list(routes, wish.keys))
        ),
        selection=Selection(bucket, routes, wish.keys, since, until, include_archived=wish.include_archived),
        parts=msgspec.json.decode(stack.output(Output.PARTS), type=PartSizes),
        arguments=arguments,
        filters=wish.filters,
        inventory_of=manifest.as_of if manifest else None,
        file=file,
        kept=kept,
    )


def _source(wish: Wish, stack: Stack, manifest: Manifest | None) -> str:
    """The name of the bucket that is meant."""
    aliases = msgspec.json.decode(stack.output(Output.BUCKET_NAMES), type=dict[str, str])
    sources = sorted({route.source_bucket for route in stack.routes})
    told = manifest.source_bucket if manifest else ""
    asked = aliases.get(wish.bucket, wish.bucket) or told or (sources[0] if len(sources) == 1 else "")
    if not asked:
        raise UsageError(f"there are several source buckets: name one with --bucket: {', '.join(sources)}")
    if told and told != asked:
        raise UsageError(f"the manifest is of bucket '{told}', not of '{asked}': name the one that is meant")
    if asked not in sources:
        raise UsageError(
            f"no route of stack '{stack.name}' begins at bucket '{asked}': its source buckets are {', '.join(sources)}"
        )
    return asked


def _routes(stack: Stack, bucket: str) -> tuple[Route, ...]:
    routes = tuple(route for route in stack.routes if route.source_bucket == bucket)
    if all(route.versions == "every" for route in routes):
        raise UsageError(
            f"the routes of bucket '{bucket}' have versions \"every\": they take S3's own events only, because nothing"
            " else tells which version comes after which"
        )
    return routes


def _moment(text: str) -> datetime | None:
    return Moment().convert(text, None, None) if text else None


def _json(routes: Sequence[Route]) -> str:
    return msgspec.json.encode(routes).decode()
