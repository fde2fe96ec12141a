"""Owns the audit table: one permanent record per transfer."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from shared.audit_log import schema


def place_audit_table(scope: Construct, id_: str, *, name: str | None) -> dynamodb.Table:
    """The table with its two indexes. It outlives the stack, and refuses to be deleted."""
    table = dynamodb.Table(
        scope,
        id_,
        table_name=name,
        partition_key=_text(schema.PARTITION_KEY),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
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


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
