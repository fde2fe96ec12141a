"""Owns the decision for every resource type that a template may hold: who makes it, or why nobody needs to."""

from collections.abc import Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.s3.models import FakeBucket

from localaws.errors import LocalAwsError
from localaws.models.base import Inert, Model
from localaws.models.dynamodb import Table
from localaws.models.events import EventBus
from localaws.models.iam import ManagedPolicy, Role
from localaws.models.lambda_ import EventSourceMapping, Function
from localaws.models.s3 import Bucket, BucketPolicy, permission
from localaws.models.sqs import Queue, QueuePolicy

# Made by moto, whole enough for what the templates say.
MOTO: frozenset[str] = frozenset(
    {
        "AWS::ECR::Repository",
        "AWS::Events::Rule",
        "AWS::IAM::Policy",
        "AWS::KMS::Alias",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::SSM::Parameter",
    }
)

# Made by ours: moto has no such model, or leaves out what the templates say.
OURS: Mapping[str, type[Model]] = {
    "AWS::DynamoDB::Table": Table,
    "AWS::Events::EventBus": EventBus,
    "AWS::IAM::ManagedPolicy": ManagedPolicy,
    "AWS::IAM::Role": Role,
    "AWS::Lambda::EventSourceMapping": EventSourceMapping,
    "AWS::Lambda::Function": Function,
    "AWS::S3::Bucket": Bucket,
    "AWS::S3::BucketPolicy": BucketPolicy,
    "AWS::SQS::Queue": Queue,
    "AWS::SQS::QueuePolicy": QueuePolicy,
}

# Can be referred to and does nothing, for the reason given.
INERT: Mapping[str, str] = {
    "AWS::CDK::Metadata": "tells AWS which CDK constructs are used; no part of the system",
    "AWS::CloudWatch::Alarm": "nothing here evaluates metrics; the queues it watches can be looked at directly",
}


class UnsupportedResourceError(LocalAwsError):
    """A template holds a resource type that nobody has decided about."""

    def __init__(self, logical_id: str, resource_type: str) -> None:
        self.logical_id = logical_id
        self.resource_type = resource_type
        super().__init__(
            f"the embedded AWS does not know {resource_type} (resource {logical_id}): "
            "decide in localaws/resources.py whether moto makes it, we do, or nobody needs to"
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


def install() -> None:
    """Make moto's CloudFormation, in this process, follow the table. Doing it twice is the same as once."""
    models = parsing.get_model_map()
    models.update(OURS)
    models.update(dict.fromkeys(INERT, Inert))
    FakeBucket.get_permission = permission  # type: ignore[assignment,method-assign]  # moto denies by unmet conditions
    parsing.ResourceMap.load = _load  # type: ignore[method-assign]  # the one place every template passes
    parsing.ResourceMap.update = _update  # type: ignore[method-assign]
    parsing.ResourceMap.build_resource_diff = _diff  # type: ignore[assignment,method-assign]  # self, by name
    parsing.ResourceMap.delete = _delete  # type: ignore[method-assign]


_moto_load = parsing.ResourceMap.load
_moto_update = parsing.ResourceMap.update
_moto_diff = parsing.ResourceMap.build_resource_diff
_moto_delete = parsing.ResourceMap.delete


def _load(self: parsing.ResourceMap) -> None:
    _check_for_moto(self._template)
    _moto_load(self)


def _update(self: parsing.ResourceMap, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
    _check_for_moto(template)
    for logical_id in self.build_resource_diff(template, parameters)["Modify"]:
        resource_type = template["Resources"][logical_id]["Type"]
        model = parsing.resource_class_from_type(resource_type)
        # moto would put nothing in the resource's place.
        if hasattr(model.update_from_cloudformation_json, "__isabstractmethod__"):
            raise ValidationError(
                message=f"the embedded AWS cannot change {resource_type} (resource {logical_id}) of a stack that is up:"
                " stop it, and start it with the new settings; nothing was changed"
            )
    _moto_update(self, template, parameters)


def _diff(
    self: parsing.ResourceMap, template: dict[str, Any], parameters: dict[str, Any] | None = None
) -> dict[str, Any]:
    diff = _moto_diff(self, template, parameters)
    before, after = self._resource_json_map, template["Resources"]
    # Metadata is no change to CloudFormation either; the CDK's command line adds some of its own. Where nothing else
    # differs, a parameter does.
    diff["Modify"] = [
        name
        for name in diff["Modify"]
        if before[name] == after[name] or _without_metadata(before[name]) != _without_metadata(after[name])
    ]
    return diff


def _without_metadata(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != "Metadata"}


def _delete(self: parsing.ResourceMap) -> None:
    for resource in self._resource_json_map.values():
        # moto knows `Retain` only. For a stack that is up this one means the same.
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Retain"
    _moto_delete(self)


def _check_for_moto(template: dict[str, Any]) -> None:
    try:
        check(template)
    except UnsupportedResourceError as error:
        # moto's HTTP layer turns this into the answer that CloudFormation gives to a bad template.
        raise ValidationError(message=str(error)) from error
