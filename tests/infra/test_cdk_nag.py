"""AWS's own rules for templates: cdk-nag's findings are acknowledged one by one, with evidence, and no others."""

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest

from infra import bundling, stack, validation  # first: infra chooses the node that aws_cdk runs on

import aws_cdk  # isort: skip

from tests.infra import hardened
from tests.infra.nag_acknowledgements import ACKNOWLEDGEMENTS, HARDENED, SHIPPED, Acknowledgement


class Finding(NamedTuple):
    """What a rule says of a resource in a configuration. The rule has no ids that the CDK chooses in it."""

    configuration: str
    rule: str
    resource: str


@pytest.fixture(scope="module")
def findings(shipped_context: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    """Of both configurations, synthesized with cdk-nag as a validation plugin."""
    import cdk_nag  # noqa: PLC0415 - it takes a second to load, which only these tests have to wait for

    out = tmp_path_factory.mktemp("cdk.out")
    app = aws_cdk.App(outdir=str(out), analytics_reporting=False)
    for name, context in ((SHIPPED, shipped_context), (HARDENED, hardened.HARDENED)):
        stack.CopytrailStack(app, validation.read_settings({**context, "stackName": name}))
    packs = (cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks, cdk_nag.NIST80053R5Checks)
    aws_cdk.Validations.of(app).add_plugins(*(pack(app) for pack in packs))
    # It fails for findings: those that are acknowledged here are.
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    report = json.loads((out / "validation-report.json").read_text())
    assert len(report["pluginReports"]) == len(packs)
    return set(read(report))


def read(report: Mapping[str, Any]) -> Iterator[Finding]:
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            # The CDK ends each logical id in 8 hexadecimal digits.
            rule = re.sub(r"<([A-Za-z]+?)[0-9A-F]{8}(\.\w+)?>", r"<\1\2>", violation["ruleName"])
            for construct in violation["violatingConstructs"]:
                configuration, resource = construct["constructPath"].split("/", 1)
                yield Finding(configuration, re.sub(rf"/{configuration}(?=[/-])", "/STACK", rule), resource)


def is_about(acknowledgement: Acknowledgement, finding: Finding) -> bool:
    return (
        finding.configuration in acknowledgement.configurations
        and finding.rule in acknowledgement.rules
        and any(fnmatchcase(finding.resource, resource) for resource in acknowledgement.resources)
    )


def test_no_finding_is_left_without_an_acknowledgement(findings: set[Finding]) -> None:
    left = [finding for finding in findings if not any(is_about(each, finding) for each in ACKNOWLEDGEMENTS)]
    assert left == [], "mend the template, or acknowledge it with its evidence in tests/infra/nag_acknowledgements.py"


@pytest.mark.parametrize("acknowledgement", ACKNOWLEDGEMENTS, ids=lambda each: each.rules[0])
def test_no_acknowledgement_is_left_that_nothing_needs(
    acknowledgement: Acknowledgement, findings: set[Finding]
) -> None:
    for configuration in acknowledgement.configurations:
        for rule in acknowledgement.rules:
            for resource in acknowledgement.resources:
                found = {each.resource for each in findings if (each.configuration, each.rule) == (configuration, rule)}
                assert any(fnmatchcase(each, resource) for each in found), f"{rule} finds nothing at {resource}"


@pytest.mark.parametrize("acknowledgement", ACKNOWLEDGEMENTS, ids=lambda each: each.rules[0])
def test_the_evidence_of_an_acknowledgement_is_a_test_that_there_is_or_a_page_of_aws(
    acknowledgement: Acknowledgement,
) -> None:
    file, _, test = acknowledgement.evidence.partition("::")
    if test:
        assert re.search(rf"^def {test}\(", (bundling.ROOT / file).read_text(), re.MULTILINE)
    else:
        assert file.startswith("https://docs.aws.amazon.com/")
