"""A synthesized template: its resources by type, and what its policies allow."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Template = Mapping[str, Any]
# A context object → its template, as `readable` makes it.
Readable = Callable[[Mapping[str, Any]], Template]
# A type → the properties of the shipped template's resources of that type, by name.
Resources = Callable[[str], Mapping[str, Any]]


def of_type(template: Template, kind: str) -> dict[str, Any]:
    """The properties of the resources of a type, by name."""
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


def variables(template: Template, function: str) -> Mapping[str, str]:
    """The environment variables of a function, `CopierFunction` or `AuditorFunction`."""
    found: Mapping[str, str] = template["Resources"][function]["Properties"]["Environment"]["Variables"]
    return found


def as_list(value: Any) -> list[Any]:
    """What IAM takes in a list, or alone when it is one."""
    return value if isinstance(value, list) else [value]


def allowed(policies: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Each action that the policies allow, with each resource."""
    return {
        (action, resource)
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def allowed_to(template: Template, role: str) -> set[tuple[str, str]]:
    """Each action that a role's own policies allow, with each resource."""
    return allowed(policy for policy in of_type(template, "AWS::IAM::Policy").values() if role in policy["Roles"])
