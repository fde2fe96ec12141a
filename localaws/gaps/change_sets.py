"""Owns CloudFormation's change sets that are not there: a deletion is done, anything else says so; executed ones go.

`cdk deploy` deletes the change set of its last run, waits until it is gone, and makes another of the same name.
"""

from collections.abc import Callable
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import CloudFormationBackend

from localaws.gaps import patching


class ChangeSetNotFoundError(CloudFormationError):
    """CloudFormation's own answer."""

    code = "ChangeSetNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(f"ChangeSet [{name}] does not exist")


def close() -> None:
    """Put it around moto's calls, which fail on an unknown name in ways of their own."""
    patching.replace(CloudFormationBackend, "delete_change_set", _delete)
    patching.replace(CloudFormationBackend, "describe_change_set", _describe)
    patching.replace(CloudFormationBackend, "execute_change_set", _execute)


def _delete(original: Callable[..., None]) -> Callable[..., None]:
    def delete_change_set(self: Any, change_set_name: str) -> None:
        if _found(self, change_set_name):
            original(self, change_set_name)

    return delete_change_set


def _describe(original: Callable[..., Any]) -> Callable[..., Any]:
    def describe_change_set(self: Any, change_set_name: str) -> Any:
        if not _found(self, change_set_name):
            raise ChangeSetNotFoundError(change_set_name)
        return original(self, change_set_name)

    return describe_change_set


def _execute(original: Callable[..., None]) -> Callable[..., None]:
    def execute_change_set(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        executed = _found(self, change_set_name)
        if executed is None:
            raise ChangeSetNotFoundError(change_set_name)
        original(self, change_set_name, stack_name)
        # "Execute a change set", CloudFormation user guide: all change sets of the stack are deleted.
        for identifier in [key for key, each in self.change_sets.items() if each.stack_id == executed.stack_id]:
            del self.change_sets[identifier]

    return execute_change_set


def _found(backend: Any, name: str) -> Any:
    known = backend.change_sets.items()
    return next((each for identifier, each in known if name in {identifier, each.change_set_name}), None)
