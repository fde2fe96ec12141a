"""The order in which CloudFormation makes a template's resources: each after all that it names."""

import re
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

_NAMED_IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}")


def dependencies(template: Mapping[str, Any]) -> dict[str, set[str]]:
    """Each resource's logical id, with those of the resources that it names: in `DependsOn` or a reference.

    Source: "DependsOn attribute", CloudFormation template reference: Ref, Fn::GetAtt and Fn::Sub are dependencies.
    """
    resources = template.get("Resources", {})
    return {
        id_: (set(_depends_on(resource)) | set(_referred(resource.get("Properties", {})))) & resources.keys()
        for id_, resource in resources.items()
    }


def in_order(template: Mapping[str, Any]) -> list[str]:
    """The logical ids of a template's resources, none before what it names; deleted are they the other way round.

    Raises:
        graphlib.CycleError: some name one another.
    """
    return list(TopologicalSorter(dependencies(template)).static_order())


def _depends_on(resource: Mapping[str, Any]) -> list[str]:
    named = resource.get("DependsOn", [])
    return [named] if isinstance(named, str) else named


def _referred(node: Any) -> Iterator[str]:
    match node:
        case {"Ref": str(id_)} | {"Fn::GetAtt": [str(id_), *_]}:
            yield id_
        case {"Fn::Sub": text}:
            yield from _NAMED_IN_TEXT.findall(str(text))
            yield from _referred(text)
        case dict() | list():
            for each in node.values() if isinstance(node, dict) else node:
                yield from _referred(each)
