"""Owns what each function may do beyond its own queue and log group: exact actions on exact ARNs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.topology import Bucket
from shared.copier_access import Place, copier_grants
from shared.routes import Route


def copier_permissions(
    routes: Sequence[Route], buckets: Mapping[str, s3.IBucket], transfer_bus: events.IEventBus
) -> Iterator[iam.PolicyStatement]:
    """What the copier needs to copy along these routes (between aliases of `buckets`) and to say so."""
    for grant in copier_grants(routes):
        yield _allow(*grant.actions, on=[_arn(place, buckets) for place in grant.places])
    yield _allow("events:PutEvents", on=[transfer_bus.event_bus_arn])


def key_permissions(routes: Sequence[Route], buckets: Mapping[str, Bucket]) -> Iterator[iam.PolicyStatement]:
    """What the copier needs of the KMS keys with which the buckets of these routes encrypt.

    Source: "Using server-side encryption with AWS KMS keys", S3 user guide: completing a multipart upload decrypts.
    """
    if keys := _keys(buckets[route.source_bucket] for route in routes):
        yield _allow("kms:Decrypt", on=keys)
    if keys := _keys(buckets[route.destination_bucket] for route in routes):
        yield _allow("kms:Decrypt", "kms:GenerateDataKey", on=keys)


def placement_permissions(table: dynamodb.ITable) -> list[iam.PolicyStatement]:
    """What the copier needs to place every version in order."""
    return [_allow("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=[table.table_arn])]


def auditor_permissions(table: dynamodb.ITable) -> list[iam.PolicyStatement]:
    """What the auditor needs to append a record; a refused append tells it what is there already."""
    return [_allow("dynamodb:PutItem", on=[table.table_arn])]


def _allow(*actions: str, on: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=list(dict.fromkeys(on)))


def _arn(place: Place, buckets: Mapping[str, s3.IBucket]) -> str:
    bucket = buckets[place.bucket]
    return bucket.bucket_arn if place.keys is None else bucket.arn_for_objects(place.keys)


def _keys(buckets: Iterable[Bucket]) -> list[str]:
    return [bucket.kms_key_arn for bucket in buckets if bucket.kms_key_arn is not None]
