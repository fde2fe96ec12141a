"""Job of one backfill: its objects, filters and checkpoint, from the options, the stack and an earlier run."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ops.backfill.checkpoint import Checkpoint, CheckpointFile
from ops.backfill.inventory import Inventory, Manifest, read_manifest
from ops.backfill.objects import ObjectsAfter, Selection, listed_after, prefixes_to_list
from ops.errors import UsageError
from ops.params.keys import KeyFilter
from ops.params.moment import check_order, moment
from ops.stack import Output, Stack
from shared.copy_plan import PartSizes
from shared.routes import Route

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class BackfillOptions:
    """The command's options, as they were written; what was not is ""."""

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
    """What one backfill goes over, which objects of that it takes, and how far an earlier run of it came."""

    objects_after: ObjectsAfter
    selection: Selection
    parts: PartSizes
    arguments: Mapping[str, str]
    filters: Mapping[str, str]
    inventory_of: datetime | None
    file: CheckpointFile
    earlier: Checkpoint | None


def job_of(
    options: BackfillOptions, stack: Stack, s3: "S3Client", checkpoint: Path | None, *, lock: ExitStack | None = None
) -> Job:
    """Find out what there is to do.

    Args:
        lock: where the checkpoint's lock is held from now on; None: nothing is going to be requested.

    Raises:
        CommandError: the options do not go together, or with the stack, the inventory or the checkpoint; another
            backfill is at work with it.
        CopytrailError, BotoCoreError, ClientError: AWS did not answer.
    """
    manifest, fingerprint = read_manifest(s3, options.manifest) if options.manifest else (None, "")
    bucket = _source(options, stack, manifest)
    routes = _routes(stack, bucket)
    # What is begun with other routes would leave out what only these take.
    arguments = {
        "stack": stack.name,
        "bucket": bucket,
        **options.filters,
        "manifest": fingerprint,
        "routes": msgspec.json.encode(routes).decode(),
    }
    file = CheckpointFile(checkpoint or Path(f"backfill-{stack.name}-{bucket}.checkpoint.json"))
    if lock is not None:
        lock.enter_context(file.locked())
    earlier = file.read(arguments)
    since, until = (
        (earlier.since, earlier.until)
        if earlier
        else (moment(text) if text else None for text in (options.since, options.until))
    )
    check_order(since, until)
    return Job(
        objects_after=(
            Inventory(s3, manifest, needs_dates=bool(since or until)).after
            if manifest
            else partial(listed_after, s3, bucket, prefixes_to_list(routes, options.keys))
        ),
        selection=Selection(bucket, routes, options.keys, since, until, include_archived=options.include_archived),
        parts=msgspec.json.decode(stack.output(Output.PARTS), type=PartSizes),
        arguments=arguments,
        filters=options.filters,
        inventory_of=manifest.as_of if manifest else None,
        file=file,
        earlier=earlier,
    )


def _source(options: BackfillOptions, stack: Stack, manifest: Manifest | None) -> str:
    """The name of the bucket that is meant."""
    sources = sorted({route.source_bucket for route in stack.routes})
    of_manifest = manifest.source_bucket if manifest else ""
    asked = (
        stack.bucket_names.get(options.bucket, options.bucket)
        or of_manifest
        or (sources[0] if len(sources) == 1 else "")
    )
    if not asked:
        raise UsageError(f"there are several source buckets: name one with --bucket: {', '.join(sources)}")
    if of_manifest and of_manifest != asked:
        raise UsageError(f"the manifest is of bucket '{of_manifest}', not of '{asked}': name the one that is meant")
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
