"""Canaries: small objects that are uploaded on a route and followed to their copy and their record."""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from ops.aws.object_reads import ObjectReads
from ops.aws.sqs import queue_attributes
from ops.dlq.queue import QueueName
from ops.errors import CommandError, UsageError
from ops.stack import Output, Stack
from ops.terminal.formats import duration_shown
from ops.terminal.json import JsonObject, print_json
from ops.terminal.progress import waiting
from ops.terminal.prompts import note
from shared.audit_log.query import AuditQuery
from shared.canary import beginning_of_canaries
from shared.errors import CopytrailError
from shared.events import Outcome
from shared.humanize import visible
from shared.lambda_runtime.aws import translated
from shared.routes import Route, can_be_a_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from shared.audit_log.record import Record

_POLL_EVERY_S = 0.5
_TEXT = b"a canary of copytrail\n"
# In bytes: a route for what is larger is not tried with a canary.
_LARGEST = 16 * 1024 * 1024


class Step(StrEnum):
    """What happens to a canary, in this order."""

    UPLOADED = "Uploaded"
    COPIED = "Copied"
    RECORDED = "Recorded"


class CanaryStep(JsonObject, frozen=True, kw_only=True):
    """One step of a canary. `seconds`: since the upload began, until it was seen."""

    route: int
    step: Step
    seconds: float
    message: str


class StuckError(CommandError):
    """A canary did not get to its record."""


@dataclass(frozen=True)
class _Canary:
    """A small object that takes a route."""

    number: int
    route: Route
    key: str
    body: bytes

    @property
    def source(self) -> str:
        return f"s3://{self.route.source_bucket}/{self.key}"

    @property
    def copy_key(self) -> str:
        return self.route.destination_key(self.key)

    @property
    def copy(self) -> str:
        return f"s3://{self.route.destination_bucket}/{self.copy_key}"


def canary_of(number: int, route: Route, name: str) -> _Canary:
    """The canary of a route, by the route's number.

    Raises:
        UsageError: what the route takes is no small object.
    """
    key = f"{beginning_of_canaries(route)}{name}{next(iter(route.suffixes), '')}"
    size = max(route.min_size or 0, min(len(_TEXT), len(_TEXT) if route.max_size is None else route.max_size))
    if size > _LARGEST:
        raise UsageError(f"route {number} takes objects of {size:,} bytes and more: a canary is no larger than 16 MiB")
    if not can_be_a_key(route.destination_key(key)):
        raise UsageError(f"the key of a canary would be too long on route {number}")
    return _Canary(number, route, key, (_TEXT * (size // len(_TEXT) + 1))[:size])


def canaries(stack: Stack, numbers: Iterable[int], timeout: timedelta, clients: ExitStack, *, as_json: bool) -> bool:
    """Follow a canary on each of these routes, one after the other; whether each got to its record.

    Raises:
        CommandError: one cannot be uploaded.
        CopytrailError: AWS refused or did not answer.
    """
    s3 = clients.enter_context(closing(stack.client("s3")))
    sqs = clients.enter_context(closing(stack.client("sqs")))
    dynamodb = clients.enter_context(closing(stack.client("dynamodb")))
    query = AuditQuery(dynamodb, stack.output(Output.AUDIT_TABLE_NAME))
    arrived = True
    for number in numbers:
        canary = canary_of(number, stack.routes[number - 1], uuid.uuid4().hex)
        owner = stack.expected_owner(stack.alias_of(canary.route.source_bucket))
        following = _Following(canary, s3, owner, query, timeout=timeout, tell=_printer(as_json=as_json))
        try:
            with waiting(f"Following {canary.source}"):
                following.follow()
        except StuckError as error:
            note(f"Error: {error.message}; {_where(following.copied, stack, sqs, canary)}")
            note(f"{canary.source} stays, to be looked at")
            arrived = False
        except BaseException:
            if following.uploaded:
                note(f"{canary.source} stays: nobody follows it any more")
            raise
        else:
            _clean_up(s3, canary)
    return arrived


class _Following:
    """One canary on its way. `uploaded`: whether it is in its bucket; `copied`: whether its copy has been seen."""

    def __init__(
        self,
        canary: _Canary,
        s3: "S3Client",
        owner: Mapping[str, str],
        query: AuditQuery,
        *,
        timeout: timedelta,
        tell: Callable[[CanaryStep], None],
    ) -> None:
        self.uploaded = self.copied = False
        self._canary = canary
        self._s3 = s3
        self._owner: Any = owner
        self._reads = ObjectReads(s3)
        self._query = query
        self._timeout_s = timeout.total_seconds()
        self._tell = tell
        self._began = 0.0

    def follow(self) -> None:
        """Upload it, and wait for its copy and its record.

        Raises:
            StuckError: one of them did not come in time, or the record tells of no copy.
            CopytrailError: AWS refused or did not answer.
        """
        canary = self._canary
        self._began = time.monotonic()
        with translated("s3:PutObject", canary.source):
            self._s3.put_object(Bucket=canary.route.source_bucket, Key=canary.key, Body=canary.body, **self._owner)
        self.uploaded = True
        self._told(Step.UPLOADED, canary.source)
        record: Record | None = None
        while record is None:
            if time.monotonic() > self._began + self._timeout_s:
                missing = "was not recorded" if self.copied else "was not copied"
                raise StuckError(f"{canary.source} {missing} within {duration_shown(self._timeout_s)}")
            time.sleep(_POLL_EVERY_S)
            record = next(self._query.by_object(canary.route.source_bucket, canary.key), None)
            self._check_copy()
        if record.outcome == Outcome.COPIED and not self.copied:
            raise StuckError(f"{canary.source} is on record as copied, and {canary.copy} is not there")
        if record.outcome != Outcome.COPIED:
            raise StuckError(f"{canary.source} ended as {record.outcome}: {record.message or record.reason or ''}")
        self._told(Step.RECORDED, f"LogID {record.log_id}")

    def _check_copy(self) -> None:
        canary = self._canary
        if self.copied or self._reads.head(canary.route.destination_bucket, canary.copy_key) is None:
            return
        self.copied = True
        self._told(Step.COPIED, canary.copy)

    def _told(self, step: Step, what: str) -> None:
        seconds = round(time.monotonic() - self._began, 3)
        self._tell(CanaryStep(route=self._canary.number, step=step, seconds=seconds, message=what))


def _printer(*, as_json: bool) -> Callable[[CanaryStep], None]:
    def print_step(step: CanaryStep) -> None:
        if as_json:
            print_json(step.attributes())
        else:
            click.echo(visible(f"route {step.route}  {duration_shown(step.seconds):>7}  {step.step:8}  {step.message}"))

    return print_step


def _where(copied: bool, stack: Stack, sqs: "SQSClient", canary: _Canary) -> str:
    """Where it got stuck, as far as the queues tell, and what to look at."""
    queue = QueueName.AUDIT if copied else QueueName.COPY
    option = " --queue audit" if copied else ""
    try:
        letters, waiting_there = (queue_attributes(sqs, url(stack)).total for url in (queue.dlq_url, queue.url))
    except CopytrailError as error:
        return f"what is in the queues could not be looked at ({error.reason}): `copytrail doctor`"
    if letters:
        prefix = quote(beginning_of_canaries(canary.route))
        return f"there are letters in the {queue.dlq}: `copytrail dlq ls{option} --key-prefix {prefix}`"
    if waiting_there:
        return (
            f"messages wait in the {queue} queue: `copytrail doctor`, and `aws logs tail {queue.log_group(stack)}` for"
            " what the function says"
        )
    what = "its outcome did not come" if copied else "no event of it came"
    return f"{what} to the {queue} queue, which is empty: `copytrail doctor` looks at the way there"


def _clean_up(s3: "S3Client", canary: _Canary) -> None:
    """Delete it at both ends, as far as the person may, and tell what stays."""
    stays = []
    # Where deletions are followed, the copy gets its delete marker from the copier.
    copies = [] if canary.route.deletes else [(canary.route.destination_bucket, canary.copy_key)]
    for bucket, key in [*copies, (canary.route.source_bucket, canary.key)]:
        try:
            with translated("s3:DeleteObject", f"s3://{bucket}/{key}"):
                deleted = s3.delete_object(Bucket=bucket, Key=key)
        except CopytrailError as error:
            stays.append(f"s3://{bucket}/{key} ({error.reason})")
        else:
            if deleted.get("DeleteMarker"):
                stays.append(f"a version and a delete marker of s3://{bucket}/{key}")
    note(f"deleted; what stays: {', '.join([*stays, 'the record'])}")
