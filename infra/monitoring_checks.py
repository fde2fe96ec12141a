"""Checks of alarms: whom they tell, that no single copy sets them off, and that what they compare can be compared."""

from collections.abc import Iterator, Sequence

from infra.settings.buckets import Bucket
from infra.settings.stack import Settings
from shared.routes import Route


def problems_of_monitoring(settings: Settings) -> Iterator[str]:
    """Everything that keeps alarms from telling the truth, a sentence each, with its place."""
    alarms = settings.alarms
    if alarms.email and alarms.topic_arn:
        yield (
            "copytrail.alarms.email makes a topic of the stack's own, and topicArn names another: leave one of them"
            " out, and subscribe the address to that topic"
        )
    for name, function in (("copier", settings.copier), ("auditor", settings.auditor)):
        if alarms.oldest_message_seconds <= function.timeout_seconds:
            yield (
                f"copytrail.alarms.oldestMessageSeconds is {alarms.oldest_message_seconds}: one message that the {name}"
                f" works on for its timeoutSeconds of {function.timeout_seconds} would set the alarm off; make it more"
            )
    for alias, bucket in settings.buckets.items():
        if bucket.request_metrics is not None:
            yield from _problems_of_request_metrics(alias, bucket, settings.routes)


def _problems_of_request_metrics(alias: str, bucket: Bucket, routes: Sequence[Route]) -> Iterator[str]:
    place = f"copytrail.buckets.{alias}.requestMetrics"
    beginning = [route for route in routes if route.source_bucket == alias]
    if not beginning:
        yield f"{place} is for source buckets: no route begins at '{alias}'"
    if bucket.account is not None:
        yield f"{place} does not go with account: CloudWatch keeps that bucket's metrics in the owner's account"
    if not bucket.existing and any(_has_filters(route) for route in beginning):
        yield (
            f"{place} would count writes that no route takes, because the routes from '{alias}' have prefixes,"
            " suffixes, minSize or maxSize: leave it out"
        )


def _has_filters(route: Route) -> bool:
    return bool(route.prefixes or route.suffixes or route.min_size is not None or route.max_size is not None)
