"""CloudFormation: a decision for every type of resource, changes and deletions that are refused, and gone change sets.

moto skips a type that it does not know, puts nothing in the place of a resource that it cannot change, takes metadata
for a change, deletes a stack that is protected, ends a log group's ARN before its streams, leaves a stack's outputs as
they were when a change set is executed, and fails inside on one that is not there. `cdk deploy` deletes the change set
of its last run, waits until it is gone, and makes another of the same name.
"""

from collections.abc import Callable, Iterator
from graphlib import CycleError
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult
from moto.logs.models import LogGroup

from localaws.deployment.order import in_order
from localaws.gaps.cloudformation_order import is_replaced
from localaws.gaps.patching import Patch, adding, around
from localaws.models import resource_types
from localaws.models.base import Inert


class ChangeSetNotFoundError(CloudFormationError):
    """CloudFormation's own answer."""

    code = "ChangeSetNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(f"ChangeSet [{name}] does not exist")


def patches() -> Iterator[Patch]:
    """Make resources as `resource_types` decides; answer for unknown change sets as CloudFormation does."""
    yield around(parsing, "get_model_map", _with_ours)
    # The one place every template passes.
    yield around(ResourceMap, "load", _loading_known_types)
    yield around(ResourceMap, "update", _refusing_impossible_changes)
    yield around(ResourceMap, "build_resource_diff", _without_metadata)
    yield adding(CloudFormationResponse, "update_termination_protection", _updating_protection)
    yield around(CloudFormationBackend, "delete_stack", _deleting_unprotected)
    yield around(LogGroup, "get_cfn_attribute", _with_streams)
    yield around(CloudFormationBackend, "delete_change_set", _deleting_change_set)
    yield around(CloudFormationBackend, "describe_change_set", _describing_change_set)
    yield around(CloudFormationBackend, "execute_change_set", _executing_change_set)


def _with_ours(original: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    return {**original(), **resource_types.OURS, **dict.fromkeys(resource_types.INERT, Inert)}


def _loading_known_types(original: Callable[..., None], self: ResourceMap) -> None:
    _check(self._template)
    original(self)


def _refusing_impossible_changes(
    original: Callable[..., None], self: ResourceMap, template: dict[str, Any], parameters: dict[str, Any] | None = None
) -> None:
    _check(template)
    for logical_id in self.build_resource_diff(template, parameters)["Modify"]:
        resource_type = template["Resources"][logical_id]["Type"]
        model = parsing.resource_class_from_type(resource_type)
        is_changed = not is_replaced(self._resource_json_map[logical_id], template["Resources"][logical_id])
        # moto would put nothing in the resource's place.
        if is_changed and hasattr(model.update_from_cloudformation_json, "__isabstractmethod__"):
            raise ValidationError(
                message=f"the embedded AWS cannot change {resource_type} (resource {logical_id}) of a stack that is"
                " up: stop it, and start it with the new settings; nothing was changed"
            )
    original(self, template, parameters)


def _without_metadata(
    original: Callable[..., dict[str, Any]],
    self: ResourceMap,
    template: dict[str, Any],
    parameters: dict[str, Any] | None = None,
) -> dict[str, Any]:
    diff = original(self, template, parameters)
    before, after = self._resource_json_map, template["Resources"]
    # Metadata is no change to CloudFormation either; the CDK's command line adds some of its own. Where nothing
    # else differs, a parameter does.
    diff["Modify"] = [
        name
        for name in diff["Modify"]
        if before[name] == after[name] or {**before[name], "Metadata": None} != {**after[name], "Metadata": None}
    ]
    return diff


def _updating_protection(self: CloudFormationResponse) -> ActionResult:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})


def _deleting_unprotected(original: Callable[..., None], self: CloudFormationBackend, name_or_stack_id: str) -> None:
    for stack in self.stacks.values():
        if name_or_stack_id in {stack.name, stack.stack_id} and stack.enable_termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
    original(self, name_or_stack_id)


def _with_streams(original: Callable[..., str], self: LogGroup, attribute_name: str) -> str:
    # "AWS::Logs::LogGroup", CloudFormation template reference: its Arn ends in `:*`.
    return f"{original(self, attribute_name)}:*"


def _check(template: dict[str, Any]) -> None:
    try:
        resource_types.check(template)
        in_order(template)
    except CycleError as error:
        raise ValidationError(message=f"Circular dependency between resources: {error.args[1]}") from error
    except resource_types.UnsupportedResourceError as error:
        # moto's HTTP layer turns this into the answer that CloudFormation gives to a bad template.
        raise ValidationError(message=str(error)) from error


def _deleting_change_set(original: Callable[..., None], self: Any, change_set_name: str) -> None:
    if _found(self, change_set_name):
        original(self, change_set_name)


def _describing_change_set(original: Callable[..., Any], self: Any, change_set_name: str) -> Any:
    if not _found(self, change_set_name):
        raise ChangeSetNotFoundError(change_set_name)
    return original(self, change_set_name)


def _executing_change_set(
    original: Callable[..., None], self: Any, change_set_name: str, stack_name: str | None = None
) -> None:
    executed = _found(self, change_set_name)
    if executed is None:
        raise ChangeSetNotFoundError(change_set_name)
    original(self, change_set_name, stack_name)
    stack = self.stacks[executed.stack_id]
    # As `Stack.update` does.
    stack._parse_template()
    stack.output_map = stack._create_output_map()
    # "Execute a change set", CloudFormation user guide: all change sets of the stack are deleted.
    for identifier in [key for key, each in self.change_sets.items() if each.stack_id == executed.stack_id]:
        del self.change_sets[identifier]


def _found(backend: Any, name: str) -> Any:
    known = backend.change_sets.items()
    return next((each for identifier, each in known if name in {identifier, each.change_set_name}), None)
