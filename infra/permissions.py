"""IAM statements: what each function may do beyond its own queue and log group, operators may, and nobody may."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.key_permissions import bucket_key_reading, bucket_key_uploading
from infra.settings.buckets import Bucket
from shared.audit_log import schema
from shared.canary import MARK
from shared.copier_permissions import S3Resource, copier_grants
from shared.event_rules import DEFAULT_BUS, beginning_of_names, in_arn
from shared.events import COPYTRAIL_SOURCE, DETAIL_TYPES
from shared.operations import OPERATION_ENDED, OPERATION_STARTED
from shared.routes import Route, versioned_buckets

OPERATIONS = (OPERATION_STARTED, OPERATION_ENDED)


def statement(*actions: str, on: Sequence[str]) -> iam.PolicyStatement:
    """What allows these actions on these ARNs, each named once."""
    return iam.PolicyStatement(actions=list(actions), resources=list(dict.fromkeys(on)))


def publishing(*detail_types: str, on: events.IEventBus) -> iam.PolicyStatement:
    """What allows PutEvents of copytrail's own events of these types, and of no others.

    A call may have ten entries, so each key has several values: plain `StringEquals` would deny all of them, and
    `ForAllValues` alone would allow a call in which a key has no value ("Using IAM policy conditions in EventBridge").
    """
    return iam.PolicyStatement(
        actions=["events:PutEvents"],
        resources=[on.event_bus_arn],
        conditions={
            "ForAllValues:StringEquals": {"events:source": COPYTRAIL_SOURCE, "events:detail-type": list(detail_types)},
            "Null": {"events:source": "false", "events:detail-type": "false"},
        },
    )


def arn_of_rules(stack: Stack, bus: str) -> str:
    """The pattern of the ARNs of a stack's rules on a bus."""
    names = f"{beginning_of_names(stack.stack_name)}*"
    return stack.format_arn(service="events", resource="rule", resource_name=in_arn(bus, names))


def copier_permissions(
    routes: Sequence[Route], buckets: Mapping[str, s3.IBucket], transfer_bus: events.IEventBus
) -> Iterator[iam.PolicyStatement]:
    """What the copier needs to copy along these routes (between aliases of `buckets`) and to publish outcomes."""
    for grant in copier_grants(routes):
        yield statement(*grant.actions, on=[_arn(place, buckets) for place in grant.places])
    yield publishing(*DETAIL_TYPES.values(), on=transfer_bus)


def placement_permissions(table: dynamodb.ITable) -> list[iam.PolicyStatement]:
    """What the copier needs to place every version in order."""
    return [statement("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=[table.table_arn])]


def auditor_permissions(table: dynamodb.ITable) -> list[iam.PolicyStatement]:
    """What the auditor needs to append a record; a refused append tells it what is there already."""
    return [statement("dynamodb:PutItem", on=[table.table_arn])]


def audit_table_denials(auditor: iam.IRole, *, break_glass_role_arn: str | None) -> Iterator[iam.PolicyStatement]:
    """What nobody may do to the audit table, whatever else allows it, but for the break-glass role, if there is one.

    They allow nobody anything, and who may deploy may still change them. A table's policy stands for the table itself
    and its indexes as `*`: a template cannot name a table within itself. Of a session, the condition's key is the ARN
    of its role ("AWS global condition context keys", IAM user guide). Source of the actions: "API operations supported
    by resource-based policies", DynamoDB developer guide.
    """
    let_in = [break_glass_role_arn] if break_glass_role_arn else []
    yield _denied(
        "RecordsAreNeverChanged",
        *("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:DeleteTable"),
        *("dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"),
        *("dynamodb:UpdateItem", "dynamodb:UpdateTimeToLive"),
        but=let_in,
    )
    yield _denied("OnlyTheAuditorAppends", "dynamodb:PutItem", but=[auditor.role_arn, *let_in])


def reader_permissions(
    stack: Stack,
    *,
    queues: Sequence[sqs.IQueue],
    dead_letter_queues: Sequence[sqs.IQueue],
    table: dynamodb.ITable,
    log_groups: Sequence[logs.ILogGroup],
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
    # For `aws logs tail`, which `copytrail status` names, and for queries. A log group's ARN ends in `:*`.
    yield statement(
        *("logs:FilterLogEvents", "logs:GetQueryResults", "logs:StartQuery"),
        on=[group.log_group_arn for group in log_groups],
    )
    # It takes no resource ("Actions, resources, and condition keys for Amazon CloudWatch").
    yield statement("cloudwatch:GetMetricData", on=["*"])


def configuration_reader_permissions(
    stack: Stack,
    *,
    routes: Sequence[Route],
    buckets: Mapping[str, s3.IBucket],
    keys: Sequence[str],
    transfer_bus: events.EventBus,
    functions: Sequence[lambda_.IFunction],
    mappings: Sequence[lambda_.IEventSourceMapping],
) -> Iterator[iam.PolicyStatement]:
    """What an operator needs to see with `copytrail` whether uploads can arrive: how things are set up."""
    sources = dict.fromkeys(route.source_bucket for route in routes)
    yield statement("s3:GetBucketNotification", on=[buckets[alias].bucket_arn for alias in sources])
    # It also tells whether a destination is there at all.
    examined = [*(route.destination_bucket for route in routes), *versioned_buckets(routes)]
    yield statement("s3:GetBucketVersioning", on=[buckets[alias].bucket_arn for alias in examined])
    if keys:
        yield statement("kms:DescribeKey", on=keys)
    yield statement(
        *("events:DescribeRule", "events:ListTargetsByRule"),
        on=[arn_of_rules(stack, bus) for bus in (DEFAULT_BUS, transfer_bus.event_bus_name)],
    )
    yield statement("events:DescribeEventBus", on=[transfer_bus.event_bus_arn])
    yield statement(
        *("lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration"),
        on=[function.function_arn for function in functions],
    )
    yield statement("lambda:GetEventSourceMapping", on=[mapping.event_source_mapping_arn for mapping in mappings])


def canary_permissions(
    routes: Sequence[Route], buckets: Mapping[str, s3.IBucket], settings: Mapping[str, Bucket]
) -> Iterator[iam.PolicyStatement]:
    """What an operator needs to upload a canary on each of these routes, and to delete it at both ends.

    By buckets, as `bucket_reader_permissions` are: with the prefixes of all routes the policy would be too long.
    """

    def canaries(aliases: Iterable[str]) -> list[str]:
        return [buckets[alias].arn_for_objects(f"*{MARK}*") for alias in aliases]

    sources = canaries(route.source_bucket for route in routes)
    yield statement("s3:PutObject", on=sources)
    yield statement("s3:DeleteObject", on=[*sources, *canaries(route.destination_bucket for route in routes)])
    yield from bucket_key_uploading(settings[route.source_bucket] for route in routes)


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
    yield from bucket_key_reading(settings.values())


def replayer_permissions(
    queue: sqs.IQueue, dead_letter_queue: sqs.IQueue, transfer_bus: events.IEventBus, *, publishes: Sequence[str]
) -> Iterator[iam.PolicyStatement]:
    """What an operator needs, beyond reading, to replay, drop and import a queue's dead letters, and to say so.

    Also by SQS's own redrive ("Configuring queue permissions for dead-letter queue redrive", SQS developer guide), for
    which the reader's policy has the rest. `publishes`: the types of events that it takes.
    """
    yield statement("sqs:SendMessage", on=[queue.queue_arn, dead_letter_queue.queue_arn])
    yield statement(
        "sqs:CancelMessageMoveTask",
        "sqs:DeleteMessage",
        "sqs:ListMessageMoveTasks",
        "sqs:StartMessageMoveTask",
        on=[dead_letter_queue.queue_arn],
    )
    yield publishing(*publishes, on=transfer_bus)


def _every_stack_named(stack: Stack) -> str:
    # A stack's ARN ends in an id that is not known before it is made, nor to who asks for it by its name.
    return stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*")


def _denied(sid: str, *actions: str, but: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=list(actions),
        resources=["*"],
        conditions={"ArnNotEquals": {"aws:PrincipalArn": list(but)}} if but else None,
    )


def _arns(queues: Sequence[sqs.IQueue]) -> list[str]:
    return [queue.queue_arn for queue in queues]


def _arn(place: S3Resource, buckets: Mapping[str, s3.IBucket]) -> str:
    bucket = buckets[place.bucket]
    return bucket.bucket_arn if place.keys is None else bucket.arn_for_objects(place.keys)
