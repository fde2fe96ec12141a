"""The synthesis of a CDK app into a template."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from localaws.deployment.synth import SynthError, synthesize

APP = """
import json, os, pathlib, sys
context = json.loads(os.environ["CDK_CONTEXT_JSON"])
runs = pathlib.Path("runs")
runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
if context["copytrail"].get("broken"):
    sys.exit("names: 'x' is too short")
facts = {"context": context, "account": os.environ["CDK_DEFAULT_ACCOUNT"], "path": os.environ["PATH"]}
pathlib.Path(os.environ["CDK_OUTDIR"], "manifest.json").write_text(json.dumps(facts))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "app.py").write_text(APP)
    settings = {"stackName": "copytrail", "buckets": {"source": {"name": "a"}}}
    configuration = {"app": f"{sys.executable} infra/app.py", "context": {"copytrail": settings, "other": True}}
    (tmp_path / "cdk.json").write_text(json.dumps(configuration))
    return tmp_path


def synthesized(project: Path, overrides: dict[str, Any] | None = None) -> Any:
    place = synthesize(overrides, account_id="1", region="r", root=project, cache=project / "build")
    return json.loads((place / "manifest.json").read_text())


def runs(project: Path) -> int:
    return len((project / "runs").read_text())


def test_the_app_gets_the_context_of_cdk_json_the_account_and_node_on_the_path(project: Path) -> None:
    facts = synthesized(project)
    assert facts["context"]["other"] is True
    assert facts["account"] == "1"
    assert facts["path"].startswith(str(Path(sys.executable).parent))


def test_overrides_are_merged_into_the_settings_and_none_takes_one_out(project: Path) -> None:
    facts = synthesized(project, {"stackName": None, "buckets": {"source": {"versioned": True}}})
    assert facts["context"]["copytrail"] == {"buckets": {"source": {"name": "a", "versioned": True}}}


def test_the_app_runs_again_only_when_what_it_depends_on_has_changed(project: Path) -> None:
    synthesized(project)
    (project / "README.md").write_text("no input")
    (project / "infra" / "app.py").touch()
    synthesized(project)
    assert runs(project) == 1
    (project / "shared").mkdir()
    (project / "shared" / "new.py").write_text("an input")
    synthesized(project)
    assert runs(project) == 2
    synthesized(project, {"stackName": "another"})
    assert runs(project) == 3


def test_a_failing_app_speaks_for_itself_and_leaves_nothing_behind(project: Path) -> None:
    with pytest.raises(SynthError, match=r"^names: 'x' is too short$"):
        synthesized(project, {"broken": True})
    assert not [path for path in (project / "build").iterdir() if path.is_dir()]
