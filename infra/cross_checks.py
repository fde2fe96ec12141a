"""Checks of what must hold between settings for the whole to work: buckets, routes and functions together."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from infra.monitoring_checks import problems_of_monitoring
from infra.route_checks import problems_of_routes
from infra.settings.buckets import Bucket
from infra.settings.functions import FunctionSettings
from infra.settings.stack import Settings
from shared.copy_plan import MEBIBYTE, largest_copy, seconds_for

_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")
# SQS hands out up to this many messages at once.
_BATCH_WITHOUT_WINDOW = 10
# "Configuring scaling behavior for SQS event source mappings", Lambda developer guide.
_BATCHES_OF_A_POLLER = 10


def find_problems(settings: Settings) -> Iterator[str]:
    """Everything that keeps these settings from working together, a sentence each, with its place."""
    for alias, bucket in settings.buckets.items():
        yield from _bucket_problems(alias, bucket)
    yield from _same_bucket_twice(settings.buckets)
    if not settings.route_settings and not {"source", "destination"} <= settings.buckets.keys():
        yield "copytrail.routes is missing: say from which bucket to which, as the buckets are not source, destination"
    else:
        yield from problems_of_routes(settings.routes, settings.buckets)
    for name, function in (("copier", settings.copier), ("auditor", settings.auditor)):
        yield from _function_problems(name, function)
        yield from _concurrency_problems(name, function)
    yield from _access_log_problems(settings)
    yield from _same_names(settings)
    yield from _too_little_time(settings)
    yield from problems_of_monitoring(settings)


def _bucket_problems(alias: str, bucket: Bucket) -> Iterator[str]:
    place = f"copytrail.buckets.{alias}"
    if not _ALIAS.fullmatch(alias):
        yield (
            f"copytrail.buckets: '{alias}' cannot be used: a key of `buckets` is 1 to 31 letters, digits, _ and -, a"
            " letter first"
        )
    if bucket.existing and bucket.name is None:
        yield f"{place}.existing is true: the bucket that is already there needs its name"
    if bucket.existing and (bucket.public_read or bucket.versioned or bucket.noncurrent_days is not None):
        yield (
            f"{place}.existing is true: copytrail does not change that bucket; leave publicRead, versioned,"
            " noncurrentDays out"
        )
    elif bucket.noncurrent_days is not None and not bucket.versioned:
        yield f"{place}.noncurrentDays is for versioned buckets: there are no older versions without"
    if bucket.public_read and bucket.kms_key_arn:
        yield f"{place}.kmsKeyArn does not go with publicRead: nobody reads such objects without a role of their own"
    if bucket.account and not bucket.existing:
        yield f"{place}.account is for existing buckets: a new one belongs to the account that is deployed to"


def _same_bucket_twice(buckets: Mapping[str, Bucket]) -> Iterator[str]:
    for (alias, bucket), (other_alias, other) in combinations(buckets.items(), 2):
        if bucket.name is not None and bucket.name == other.name:
            yield f"copytrail.buckets: '{alias}' and '{other_alias}' are both {bucket.name}; name that bucket once"


def _function_problems(function: str, settings: FunctionSettings) -> Iterator[str]:
    if settings.batch_size > _BATCH_WITHOUT_WINDOW and settings.batching_window_seconds == 0:
        yield (
            f"copytrail.{function}.batchSize is {settings.batch_size}: more than 10 needs a batchingWindowSeconds of"
            " at least 1"
        )


def _concurrency_problems(function: str, settings: FunctionSettings) -> Iterator[str]:
    place = f"copytrail.{function}"
    pollers, reserved = settings.pollers, settings.reserved_concurrency
    at_a_time, cause = settings.max_concurrency, f"maxConcurrency is {settings.max_concurrency:,}"
    if pollers.maximum is not None:
        at_a_time = pollers.maximum * _BATCHES_OF_A_POLLER
        cause = f"pollers.maximum is {pollers.maximum:,}, of {_BATCHES_OF_A_POLLER} batches each"
        if "max_concurrency" in settings.model_fields_set:
            yield f"{place}.maxConcurrency does not go with pollers, which set their own pace: leave one of them out"
        if pollers.minimum > pollers.maximum:
            yield f"{place}.pollers.minimum is {pollers.minimum:,}: it must not be more than the maximum"
    elif "minimum" in pollers.model_fields_set:
        yield f"{place}.pollers.maximum is missing: without it there are no pollers of its own"
    if reserved is not None and reserved < at_a_time:
        # What Lambda throttles has been received: it counts towards maxReceiveCount.
        yield (
            f"{place}.reservedConcurrency is {reserved:,}, and {cause}: what goes beyond is throttled, and messages"
            f" would be dead-lettered for it; reserve {at_a_time:,} at least"
        )


def _access_log_problems(settings: Settings) -> Iterator[str]:
    logs = settings.access_logs
    place = "copytrail.accessLogs"
    if logs.existing and logs.bucket_name is None:
        yield f"{place}.existing is true: the bucket that is already there needs its bucketName"
    if logs.existing and logs.keep_days is not None:
        yield f"{place}.existing is true: copytrail does not change that bucket; leave keepDays out"
    if logs.bucket_name is not None and not logs.are_on:
        yield f"{place}.keepDays is missing: say after how many days access logs go, or that the bucket is existing"
    if logs.are_on and all(bucket.existing for bucket in settings.buckets.values()):
        yield f"{place} are for buckets that are created, and all of these are there already: leave accessLogs out"
    if logs.bucket_name is not None:
        for alias, bucket in settings.buckets.items():
            if bucket.name == logs.bucket_name:
                yield f"{place}.bucketName is '{alias}' of the buckets: logs would be copied, or log themselves"


def _same_names(settings: Settings) -> Iterator[str]:
    for key, theirs, mine in (
        ("functionName", settings.copier.function_name, settings.auditor.function_name),
        ("roleName", settings.copier.role_name, settings.auditor.role_name),
    ):
        if mine is not None and mine == theirs:
            yield f"copytrail.auditor.{key} is '{mine}', as the copier's is: each has its own"


def _too_little_time(settings: Settings) -> Iterator[str]:
    copier = settings.copier
    for key, mebibytes in (
        ("multipartThresholdMiB", copier.multipart_threshold_mib),
        ("partSizeMiB", copier.part_size_mib),
    ):
        if (needed := seconds_for(mebibytes * MEBIBYTE)) > copier.timeout_seconds:
            yield (
                f"copytrail.copier.{key} is {mebibytes:,}: in a timeoutSeconds of {copier.timeout_seconds} a slow copy"
                f" of so much does not end; make it {largest_copy(copier.timeout_seconds) // MEBIBYTE:,} at most, or"
                f" timeoutSeconds {needed} at least"
            )
