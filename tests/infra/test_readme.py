"""What the README and the page on configuration tell people to make and to set is there."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.bundling import ROOT
from infra.validation import read_settings
from shared.errors import ConfigurationError
from tests.infra.template import Resources, as_list

README = (ROOT / "README.md").read_text()
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def every_setting() -> set[str]:
    """What is answered to a setting that nobody knows, in each section: all that there are."""
    unknown = {"§": 1}
    sections: dict[str, Any] = dict.fromkeys(("auditor", "auditTable", "alarms", "accessLogs"), unknown)
    sections |= {"copier": {**unknown, "pollers": unknown}}
    ends = {"from": "source", "to": "destination"}
    context = {"buckets": {"source": unknown, "destination": {}}, "routes": [ends | unknown], **sections, **unknown}
    with pytest.raises(ConfigurationError) as caught:
        read_settings(context)
    answers = [problem.partition("the settings here are ")[2].split(", ") for problem in caught.value.problems]
    assert len(answers) == 9
    return {setting for answer in answers for setting in answer}


def test_every_setting_is_in_the_table() -> None:
    table = CONFIGURATION[CONFIGURATION.index("| setting |") : CONFIGURATION.index("## Encryption")]
    assert every_setting() - {"buckets", "routes"} <= set(re.findall(r"\w+", table))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_in_json_can_be_pasted(page: Path) -> None:
    for example in re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL):
        json.loads(example)


def test_what_operators_may_do_passes_the_vpc_endpoints_that_the_page_on_deploying_names(resources: Resources) -> None:
    page = (ROOT / "docs" / "deploying.md").read_text()
    section = page[page.index("## From a VPC") : page.index("## Taking it down")]
    policies = resources("AWS::IAM::ManagedPolicy").values()
    actions = {
        action
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
    }
    services = {action.partition(":")[0].replace("cloudwatch", "monitoring") for action in actions}
    # What KMS decrypts for S3 goes through S3.
    assert services - {"kms"} <= set(re.findall(r"`([a-z0-9]+)`", section))
    examples = map(json.loads, re.findall(r"```json\n(.*?)```", section, re.DOTALL))
    [s3] = (
        one["Statement"] for one in examples if any(each.get("Sid") == "LookAtBothEnds" for each in one["Statement"])
    )
    let_through = {action for each in s3 for action in as_list(each["Action"])}
    assert {action for action in actions if action.startswith("s3:")} <= let_through


@pytest.mark.parametrize(
    "target",
    sorted({target for page in PAGES for target in re.findall(r"(?:\$ |`|    )make ([a-z-]+)", page.read_text())}),
)
def test_what_is_to_be_made_can_be_made(target: str) -> None:
    assert re.search(rf"^{target}:.*## \S", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("target", ["bootstrap", "deploy", "destroy"])
def test_the_cdk_is_run_on_our_node_with_what_is_asked_of_it(target: str) -> None:
    command = ["make", "--dry-run", "--silent", target, "ARGS=--verbose"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own Makefile
    assert done.stdout.splitlines()[-1].split() == ["npx", "--no-install", "cdk", target, "--verbose"]
    # npx looks for node on the PATH, and make puts the virtual environment's first.
    assert ".venv/bin/npx" not in README
