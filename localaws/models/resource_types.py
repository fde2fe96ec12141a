"""The decision for every resource type that a template may hold: who makes it, or why nobody needs to."""

from collections.abc import Mapping
from typing import Any

from localaws.errors import LocalAwsError
from localaws.models.base import Model
from localaws.models.lambda_ import EventSourceMapping, Function
from localaws.models.resources import (
    Bucket,
    BucketPolicy,
    EventBus,
    EventBusPolicy,
    Key,
    ManagedPolicy,
    Queue,
    QueuePolicy,
    Role,
    Rule,
    Table,
)

# Made by moto, whole enough for what the templates say.
MOTO: frozenset[str] = frozenset(
    {
        "AWS::ECR::Repository",
        "AWS::IAM::Policy",
        "AWS::KMS::Alias",
        "AWS::Logs::LogGroup",
        "AWS::SSM::Parameter",
    }
)

# Made by ours: moto has no such model, or leaves out what the templates say.
OURS: Mapping[str, type[Model]] = {
    "AWS::DynamoDB::Table": Table,
    "AWS::Events::EventBus": EventBus,
    "AWS::Events::Rule": Rule,
    "AWS::Events::EventBusPolicy": EventBusPolicy,
    "AWS::IAM::ManagedPolicy": ManagedPolicy,
    "AWS::IAM::Role": Role,
    "AWS::KMS::Key": Key,
    "AWS::Lambda::EventSourceMapping": EventSourceMapping,
    "AWS::Lambda::Function": Function,
    "AWS::S3::Bucket": Bucket,
    "AWS::S3::BucketPolicy": BucketPolicy,
    "AWS::SQS::Queue": Queue,
    "AWS::SQS::QueuePolicy": QueuePolicy,
}

# Can be referred to and does nothing, for the reason given.
INERT: Mapping[str, str] = {
    **dict.fromkeys(
        ("AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection", "AWS::Backup::BackupVault"),
        "nothing here lasts longer than the process, so there is nothing to restore",
    ),
    "AWS::CDK::Metadata": "tells AWS which CDK constructs are used; no part of the system",
    "AWS::CloudWatch::Alarm": "nothing here evaluates metrics; the queues it watches can be looked at directly",
    "AWS::CloudWatch::CompositeAlarm": "as the alarms that it combines",
    "AWS::CloudWatch::Dashboard": "nothing here draws graphs; what they show is in the table, the queues and the logs",
    "AWS::Logs::QueryDefinition": "nothing here runs Logs Insights; the logs can be read as they are",
    "AWS::SNS::Subscription": "no alarm goes off here, so nobody is told",
    "AWS::SNS::Topic": "no alarm goes off here, so nobody is told",
    "AWS::SNS::TopicPolicy": "no alarm goes off here, so nobody is told",
}


class UnsupportedResourceError(LocalAwsError):
    """A template holds a resource type that nobody has decided about."""

    def __init__(self, logical_id: str, resource_type: str) -> None:
        self.logical_id = logical_id
        self.resource_type = resource_type
        super().__init__(
            f"the embedded AWS does not know {resource_type} (resource {logical_id}): "
            "decide in localaws/models/resource_types.py whether moto makes it, we do, or nobody needs to"
        )


def check(template: Mapping[str, Any]) -> None:
    """Look at every resource before anything is created.

    Raises:
        UnsupportedResourceError: naming the first resource, in the template's order, whose type has no decision.
    """
    for logical_id, resource in template.get("Resources", {}).items():
        resource_type = resource["Type"]
        if resource_type not in MOTO and resource_type not in OURS and resource_type not in INERT:
            raise UnsupportedResourceError(logical_id, resource_type)
