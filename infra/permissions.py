"""IAM statements: what each function may do beyond its own queue and log group, and what operators may."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.settings.buckets import Bucket
from shared.audit_log import schema
from shared.copier_permissions import S3Resource, copier_grants
from shared.routes import Route


def statement(*actions: str, on: Sequence[str]) -> iam.PolicyStatement:
    """What allows these actions on these ARNs, each named once."""
    return iam.PolicyStatement(actions=list(actions), resources=list(dict.fromkeys(on)))


def copier_permissions(
    routes: Sequence[Route], buckets: Mapping[str, s3.IBucket], transfer_bus: events.IEventBus
) -> Iterator[iam.PolicyStatement]:
    """What the copier needs to copy along these routes (between aliases of `buckets`) and to publish outcomes."""
    for grant in copier_grants(routes):
        yield statement(*grant.actions, on=[_arn(place, buckets) for place in grant.places])
    yield statement("events:PutEvents", on=[transfer_bus.event_bus_arn])


def key_permissions(routes: Sequence[Route], buckets: Mapping[str, Bucket]) -> Iterator[iam.PolicyStatement]:
    """What the copier needs of the KMS keys with which the buckets of these routes encrypt.

    Source: "Using server-side encryption with AWS KMS keys", S3 user guide: completing a multipart upload decrypts.
    """
    if keys := _keys(buckets[route.source_bucket] for route in routes):
        yield statement("kms:Decrypt", on=keys)
    if keys := _keys(buckets[route.destination_bucket] for route in routes):
        yield statement("kms:Decrypt", "kms:GenerateDataKey", on=keys)


def placement_permissions(table: dynamodb.ITable) -> list[iam.PolicyStatement]:
    """What the copier needs to place every version in order."""
    return [statement("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=[table.table_arn])]


def auditor_permissions(table: dynamodb.ITable) -> list[iam.PolicyStatement]:
    """What the auditor needs to append a record; a refused append tells it what is there already."""
    return [statement("dynamodb:PutItem", on=[table.table_arn])]


def reader_permissions(
    stack: Stack,
    *,
    queues: Sequence[sqs.IQueue],
    dead_letter_queues: Sequence[sqs.IQueue],
    table: dynamodb.ITable,
) -> Iterator[iam.PolicyStatement]:
    """What an operator needs to read all of a stack but its buckets with `copytrail`, and to change nothing."""
    yield statement("cloudformation:DescribeStacks", on=[_every_stack_named(stack)])
    yield statement("sqs:GetQueueAttributes", on=_arns([*queues, *dead_letter_queues]))
    # To see a dead-lettered message is to receive it, and to put it back at once. Nobody receives from the queues.
    yield statement("sqs:ChangeMessageVisibility", "sqs:ReceiveMessage", on=_arns(dead_letter_queues))
    yield statement(
        *("dynamodb:DescribeTable", "dynamodb:ExportTableToPointInTime", "dynamodb:GetItem"), on=[table.table_arn]
    )
    yield statement("dynamodb:DescribeExport", on=[f"{table.table_arn}/export/*"])
    indexes = (schema.BY_DAY, schema.BY_OBJECT)
    # PartiQL tells of many days at once whether they have records.
    yield statement(
        "dynamodb:PartiQLSelect", "dynamodb:Query", on=[f"{table.table_arn}/index/{index}" for index in indexes]
    )
    # It takes no resource ("Actions, resources, and condition keys for Amazon CloudWatch").
    yield statement("cloudwatch:GetMetricData", on=["*"])


def bucket_reader_permissions(
    routes: Sequence[Route], buckets: Mapping[str, s3.IBucket], settings: Mapping[str, Bucket]
) -> Iterator[iam.PolicyStatement]:
    """What an operator needs to read the buckets at both ends of these routes with `copytrail`.

    By buckets, not by prefixes: a managed policy has no more than 6,144 characters. With a KMS key, S3 decrypts to tell
    an object's checksum ("HeadObject", S3 API reference).
    """
    every_version = {route.source_bucket for route in routes if route.versions == "every"}
    yield statement("s3:ListBucket", on=[bucket.bucket_arn for bucket in buckets.values()])
    for aliases, actions in (
        (buckets.keys() - every_version, ("s3:GetObject", "s3:GetObjectTagging")),
        (every_version, ("s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion")),
    ):
        if aliases:
            yield statement(*actions, on=[buckets[alias].arn_for_objects("*") for alias in sorted(aliases)])
    if keys := _keys(settings.values()):
        yield statement("kms:Decrypt", on=keys)


def replayer_permissions(
    *, queues: Sequence[sqs.IQueue], dead_letter_queues: Sequence[sqs.IQueue], transfer_bus: events.IEventBus
) -> Iterator[iam.PolicyStatement]:
    """What an operator needs, beyond reading, to replay, drop, import, backfill and repair with `copytrail`."""
    yield statement("sqs:SendMessage", on=_arns([*queues, *dead_letter_queues]))
    yield statement("sqs:DeleteMessage", on=_arns(dead_letter_queues))
    yield statement("events:PutEvents", on=[transfer_bus.event_bus_arn])


def _every_stack_named(stack: Stack) -> str:
    # A stack's ARN ends in an id that is not known before it is made, nor to who asks for it by its name.
    return stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*")


def _arns(queues: Sequence[sqs.IQueue]) -> list[str]:
    return [queue.queue_arn for queue in queues]


def _arn(place: S3Resource, buckets: Mapping[str, s3.IBucket]) -> str:
    bucket = buckets[place.bucket]
    return bucket.bucket_arn if place.keys is None else bucket.arn_for_objects(place.keys)


def _keys(buckets: Iterable[Bucket]) -> list[str]:
    return [bucket.kms_key_arn for bucket in buckets if bucket.kms_key_arn is not None]
