"""CloudFormation's order: what a resource names is made before it, and deleted after it; renamed is made anew first.

moto creates by `DependsOn` alone and deletes in any order. An update of its deletes first, then adds, then changes,
changes nothing that refers to what has become another resource, and renames what CloudFormation replaces.
Source: "Update behaviors of stack resources", CloudFormation user guide: replacements and additions come first, what is
replaced or gone is deleted in the end.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.parsing import ResourceMap

from localaws.deployment.order import dependencies, in_order
from localaws.gaps.patching import Patch, around

# The property whose change makes another resource ("Update requires: Replacement", CloudFormation template reference).
_NAMES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::EventSourceMapping": "EventSourceArn",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
}
# For a stack that is up, both mean the same.
_RETAINED = {"Retain", "RetainExceptOnCreate"}

_Json = Mapping[str, Any]


def patches() -> Iterator[Patch]:
    """Create, update and delete in order."""
    yield around(ResourceMap, "create", _creating)
    yield Patch(ResourceMap, "update", lambda _: _updating)
    yield Patch(ResourceMap, "delete", lambda _: _deleting)


def is_replaced(before: _Json, after: _Json) -> bool:
    """Whether an update makes another resource in the place of the one that is there."""
    name = _NAMES.get(after["Type"], "")
    return bool(before.get("Properties", {}).get(name) != after.get("Properties", {}).get(name))


def _creating(original: Callable[..., bool], self: ResourceMap, template: dict[str, Any]) -> bool:
    resources = {id_: template["Resources"][id_] for id_ in in_order(template)}
    return original(self, {**template, "Resources": resources})


def _updating(self: ResourceMap, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
    changes = self.build_resource_diff(template, parameters)
    before, after = self._resource_json_map, template["Resources"]
    superseded = [
        (id_, self._parsed_resources.pop(id_, None))
        for id_ in reversed(in_order({"Resources": before}))
        if id_ not in after
    ]
    self._template, self._resource_json_map = template, after
    self.input_parameters = parameters or self.input_parameters
    self.load_mapping()
    self.load_parameters()
    self.load_conditions()
    names, replaced = dependencies(template), set()
    for id_ in in_order(template):
        if id_ not in before:
            _ = self[id_]
        elif is_replaced(before[id_], after[id_]) or before[id_]["Type"] != after[id_]["Type"]:
            superseded.insert(0, (id_, self._parsed_resources.pop(id_)))
            replaced.add(id_)
            _ = self[id_]
        elif id_ in changes["Modify"] or names[id_] & replaced:
            self._parsed_resources[id_] = parsing.parse_and_update_resource(
                id_, after[id_], self, account_id=self._account_id, region_name=self._region_name
            )
    for id_, resource in superseded:
        policy = before[id_].get("UpdateReplacePolicy" if id_ in after else "DeletionPolicy")
        _delete(self, resource, before[id_], policy)


def _deleting(self: ResourceMap) -> None:
    resources = self._resource_json_map
    for id_ in reversed(in_order({"Resources": resources})):
        _delete(self, self._parsed_resources.pop(id_, None), resources[id_], resources[id_].get("DeletionPolicy"))


def _delete(resource_map: ResourceMap, resource: Any, json: _Json, policy: str | None) -> None:
    if resource is not None and policy not in _RETAINED:
        resource_map._delete_resource(resource, dict(json))
