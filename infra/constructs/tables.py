"""The DynamoDB tables."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from shared import placement_table
from shared.audit_log import schema


def create_audit_table(scope: Construct, id_: str, *, name: str | None, key: kms.IKey | None) -> dynamodb.Table:
    """One permanent record per transfer, with two indexes. It outlives the stack, and refuses to be deleted."""
    table = dynamodb.Table(
        scope,
        id_,
        table_name=name,
        partition_key=_text(schema.PARTITION_KEY),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        # Without one, DynamoDB encrypts with a key of AWS's own.
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=True,
        # Not RETAIN_ON_UPDATE_OR_DELETE: a protected table cannot be deleted, and the failed deployment would be stuck.
        removal_policy=RemovalPolicy.RETAIN,
    )
    for index, partition_key, sort_key in (
        (schema.BY_OBJECT, schema.SOURCE_OBJECT, schema.UPLOADED_AT),
        (schema.BY_DAY, schema.DAY_SHARD, schema.FINISHED_ORDER),
    ):
        table.add_global_secondary_index(
            index_name=index,
            partition_key=_text(partition_key),
            sort_key=_text(sort_key),
            projection_type=dynamodb.ProjectionType.ALL,
        )
    return table


def create_placement_table(scope: Construct, id_: str, *, key: kms.IKey | None) -> dynamodb.Table:
    """The newest version placed under each destination key; it lives as long as the copy queue, which needs it."""
    return dynamodb.Table(
        scope,
        id_,
        partition_key=_text(placement_table.PARTITION_KEY),
        sort_key=_text(placement_table.SORT_KEY),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption_key=key,
        time_to_live_attribute=placement_table.EXPIRES_AT,
        removal_policy=RemovalPolicy.DESTROY,
    )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
