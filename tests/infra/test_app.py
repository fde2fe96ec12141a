"""The entry that the CDK command line runs."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra import app, bundling
from infra.bundling import ROOT
from infra.interpreters import lambda_python

import aws_cdk  # isort: skip
from ops.buckets.forwarding_rule import forwarding_rule
from tests.fakes.bucket_configurations import BucketStack
from tests.infra.hardened import HARDENED
from tests.infra.template import Readable


@pytest.fixture
def run_app(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(context: Mapping[str, Any] | None, **changes: str) -> subprocess.CompletedProcess[str]:
        given = {} if context is None else {"CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": json.dumps(context)}
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("CDK_", "JSII_"))}
        command = [sys.executable, "-m", "infra.app"]
        environment = ours | given | changes
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)  # noqa: S603 - our own app

    return run


def test_the_app_writes_the_assembly_that_the_command_line_deploys(
    run_app: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = run_app(json.loads((ROOT / "cdk.json").read_text())["context"])
    assert (done.returncode, done.stderr) == (0, "" if lambda_python() else f"{app.WITHOUT_BYTECODE}\n")
    artifacts = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]
    assert artifacts["copytrail"]["properties"]["templateFile"] == "copytrail.template.json"
    assets = json.loads((tmp_path / "copytrail.assets.json").read_text())["files"].values()
    folders = [asset["source"]["path"] for asset in assets if asset["source"]["packaging"] == "zip"]
    handlers = {path.parent.name for folder in folders for path in (tmp_path / folder).glob("services/*/handler.py")}
    assert handlers == {"copier", "auditor"}
    assert any(path for folder in folders for path in (tmp_path / folder).rglob("*.pyc")) is (
        lambda_python() is not None
    )


def test_without_a_python_to_compile_with_it_ships_sources_only_and_says_so_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(bundling, "lambda_python", lambda: None)
    monkeypatch.setattr(app, "lambda_python", lambda: None)
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    monkeypatch.setattr(app, "App", lambda **given: aws_cdk.App(context=context, outdir=str(tmp_path), **given))
    assert app.main() == 0
    [line] = capsys.readouterr().err.splitlines()
    assert "no Python 3.13 was found here" in line
    assert list(tmp_path.glob("*/services/*/handler.py"))
    assert not list(tmp_path.rglob("*.pyc"))


def test_every_mistake_is_listed_without_a_traceback(run_app: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    mistakes = {"bucket": {}, "logLevel": "LOUD", "copier": {"memoryMb": 1}}
    done = run_app({"copytrail": mistakes})
    assert done.returncode == 1
    title, *problems = done.stderr.splitlines()
    assert title == "copytrail cannot be synthesized:"
    assert {problem.split()[1] for problem in problems} == {
        "copytrail.logLevel",
        "copytrail.copier.memoryMb",
        "copytrail.bucket",
    }


def test_half_a_character_is_listed_without_a_traceback(
    run_app: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    route = {"from": "source", "to": "destination", "prefixes": ["\ud800"]}
    done = run_app({"copytrail": {"routes": [route], "\ud800": 1}})
    assert done.returncode == 1
    assert [line.split()[1] for line in done.stderr.splitlines()[1:]] == [
        "copytrail.routes[0].prefixes",
        r"copytrail.\ud800",
    ]


def test_a_context_without_copytrail_is_a_mistake_and_not_a_stack_of_defaults(
    run_app: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_app({"copytrial": {}})
    assert done.returncode == 1
    assert "the context has no 'copytrail'" in done.stderr


def test_run_by_hand_it_says_how_to_run_it_whatever_the_home(
    run_app: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    # Not even root can write there.
    done = run_app(None, HOME="/proc/nowhere")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        "  - run this through the CDK, which hands cdk.json's context over: make synth"
    ]


def test_cfn_lint_finds_no_error_with_or_without_names_nor_with_all_that_hardens(
    raw_template: Readable, shipped_context: Mapping[str, Any], tmp_path: Path
) -> None:
    files = [tmp_path / "named.json", tmp_path / "nameless.json", tmp_path / "hardened.json"]
    for file, context in zip(files, (shipped_context, {}, HARDENED), strict=True):
        file.write_text(json.dumps(raw_template(context)))
    # What another account deploys.
    files.append(tmp_path / "forwarding.json")
    files[-1].write_text(BucketStack().run(forwarding_rule, "source").stdout)
    lint = str(Path(sys.executable).with_name("cfn-lint"))
    command = [lint, "--non-zero-exit-code", "error", "--", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - cfn-lint on our own files
    assert done.returncode == 0, done.stdout


def test_what_comes_from_npm_is_pinned_without_the_address_of_a_registry() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert package["devDependencies"].keys() == {"aws-cdk", "@cloud-copilot/iam-simulate"}
    for name, version in package["devDependencies"].items():
        pinned = lock["packages"][f"node_modules/{name}"]
        assert pinned["version"] == version
        assert pinned["integrity"].startswith("sha512-")
    assert "://" not in (ROOT / "package-lock.json").read_text()


def test_an_environment_that_is_not_there_is_listed_without_a_traceback(
    run_app: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_app({"copytrail": {}, "environment": "nowhere"})
    assert done.returncode == 1
    assert "  - ENV is 'nowhere', and there is no environments/nowhere.json" in done.stderr
