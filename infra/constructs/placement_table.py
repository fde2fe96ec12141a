"""Owns the placement table: which version is the newest under each destination key, on routes of every version."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from shared import placement_table


def place_placement_table(scope: Construct, id_: str) -> dynamodb.Table:
    """The table. It says what waits in the copy queue may still be placed, and lives as long as that queue."""
    return dynamodb.Table(
        scope,
        id_,
        partition_key=_text(placement_table.PARTITION_KEY),
        sort_key=_text(placement_table.SORT_KEY),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        time_to_live_attribute=placement_table.EXPIRES_AT,
        removal_policy=RemovalPolicy.DESTROY,
    )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
