"""Synthesizes the app as the CDK does, once per context, and writes references out so that tests can read them."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from infra import bundling, stack, validation  # first: infra chooses the node that aws_cdk runs on

import aws_cdk  # isort: skip

from tests.infra.template import Readable, Resources, Template, of_type


@pytest.fixture(scope="session")
def shipped_context() -> Mapping[str, Any]:
    return json.loads((bundling.ROOT / "cdk.json").read_text())["context"][validation.CONTEXT_KEY]  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def raw_template(tmp_path_factory: pytest.TempPathFactory) -> Readable:
    """Context object → the template, as it is deployed."""

    @cache
    def synthesized(context: str) -> Template:
        app = aws_cdk.App(outdir=str(tmp_path_factory.mktemp("cdk.out")), analytics_reporting=False)
        copytrail = stack.CopytrailStack(app, validation.read_settings(json.loads(context)))
        return app.synth().get_stack_by_name(copytrail.stack_name).template  # type: ignore[no-any-return]

    return lambda context: synthesized(json.dumps(context))


@pytest.fixture(scope="session")
def readable(raw_template: Readable) -> Readable:
    """Context object → the template with `Name` for a reference, `Name.Arn` for an attribute, and joined texts."""
    return lambda context: _written_out(raw_template(context))


@pytest.fixture
def template(readable: Readable, shipped_context: Mapping[str, Any]) -> Template:
    """The readable template of the cdk.json that is shipped, each test's own."""
    return readable(shipped_context)


@pytest.fixture
def resources(template: Template) -> Resources:
    """Type → the properties of the shipped template's resources of that type, by name."""
    return lambda kind: of_type(template, kind)


def _written_out(node: Any) -> Any:  # noqa: C901, PLR0911 - one way out for each function of CloudFormation
    match node:
        case {"Ref": name}:
            return _short(name)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{_short(name)}.{attribute}"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(map(_written_out, parts))
        case {"Fn::Select": [index, {"Fn::Split": [separator, text]}]}:
            return f"{_written_out(text)}.split({separator})[{index}]"
        case {"Fn::Sub": text}:
            return text
        case dict():
            return {_short(key): _written_out(value) for key, value in node.items()}
        case list():
            return [_written_out(item) for item in node]
        case str():
            return _short(node)
    return node


def _short(name: str) -> str:
    # CDK ends each logical id in 8 hexadecimal digits.
    return re.sub(r"^([A-Za-z][A-Za-z0-9]*?)[0-9A-F]{8}$", r"\1", name)
