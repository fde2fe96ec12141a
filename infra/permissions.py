"""Owns what each function may do beyond its own queue and log group: exact actions on exact ARNs."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from shared.routes import Route

# In IAM these stand for something else, unless they are written as policy variables.
_LITERALS = str.maketrans({"*": "${*}", "?": "${?}", "$": "${$}"})


def copier_permissions(
    routes: Sequence[Route], buckets: Mapping[str, s3.IBucket], transfer_bus: events.IEventBus
) -> list[iam.PolicyStatement]:
    """What the copier needs to copy along these routes (between aliases of `buckets`) and to say so.

    Source: "Required Amazon S3 permissions" of CopyObject. ListBucket makes S3 say 404, not 403, of a missing key.
    """
    sources = [
        buckets[route.source_bucket].arn_for_objects(f"{_literal(prefix)}*")
        for route in routes
        for prefix in route.prefixes or ("",)
    ]
    destinations = [
        buckets[route.destination_bucket].arn_for_objects(f"{_literal(route.destination_prefix)}*") for route in routes
    ]
    ends = [buckets[alias].bucket_arn for route in routes for alias in (route.source_bucket, route.destination_bucket)]
    return [
        _allow("s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging", on=sources),
        # GetObject: HEAD, and the condition that the destination is still what was read.
        _allow("s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", on=destinations),
        _allow("s3:ListBucket", on=ends),
        _allow("events:PutEvents", on=[transfer_bus.event_bus_arn]),
    ]


def auditor_permissions(table: dynamodb.ITable) -> list[iam.PolicyStatement]:
    """What the auditor needs to append a record, and to look at one that is already there."""
    return [_allow("dynamodb:GetItem", "dynamodb:PutItem", on=[table.table_arn])]


def _allow(*actions: str, on: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=list(dict.fromkeys(on)))


def _literal(prefix: str) -> str:
    return prefix.translate(_LITERALS)
