"""cdk.json as the embedded AWS reads it: the app's command, and mistakes in one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from localaws.deployment import synth
from localaws.deployment.synth import SynthError

APP = "python -m infra.app"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cdk.json"


def refused(file: Path) -> str:
    with pytest.raises(SynthError) as caught:
        synth.read_cdk_json(file, {})
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert message.startswith("cdk.json cannot be used: ")
    assert "\n" not in message
    return message.removeprefix("cdk.json cannot be used: ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[]", "it must be a JSON object"),
        ("null", "it must be a JSON object"),
        ('{"app": "a", "context": null}', "its 'context' must be an object"),
        ('{"app": "a", "context": []}', "its 'context' must be an object"),
        ("{}", "its 'app' must be a text: the command that runs the app"),
        ('{"app": 5}', "its 'app' must be a text: the command that runs the app"),
        ('{"app": ""}', "its 'app' is no command"),
        ('{"app": "a\\u0000b"}', "its 'app' is no command"),
        ('{"app": "\\ud800"}', "its 'app' is no command"),
        ('{"app": "python \'-m"}', "its 'app' cannot be read as a command (No closing quotation): python '-m"),
        ('{\n  "app" 5\n}', "line 2, column 9: Expecting ':' delimiter"),
        ("", "line 1, column 1: Expecting value"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
    ids=lambda text: text[:20],
)
def test_a_mistake_is_one_line_that_says_where_it_is(file: Path, content: str, problem: str) -> None:
    file.write_text(content)
    assert refused(file) == problem


def test_a_file_of_another_encoding_is_one_line(file: Path) -> None:
    file.write_bytes(b'{"app": "\xff"}')
    assert refused(file) == "byte 10 is not UTF-8"


def test_a_file_that_is_not_there_is_missed_by_its_directory(file: Path) -> None:
    with pytest.raises(SynthError, match=f"^there is no cdk.json in {file.parent}$"):
        synth.read_cdk_json(file, {})


@pytest.mark.parametrize("context", [{}, {"copytrail": None}, {"copytrail": "text"}, {"other": 1}])
def test_settings_that_are_no_object_are_the_apps_to_refuse(file: Path, context: dict[str, Any]) -> None:
    file.write_text(json.dumps({"app": APP, "context": context}))
    assert synth.read_cdk_json(file, {"stackName": "mine"}).context == context


def test_an_app_is_read_as_a_shell_would(file: Path) -> None:
    file.write_text(json.dumps({"app": "'my python' -m infra.app"}))
    assert synth.read_cdk_json(file, {}).command == ("my python", "-m", "infra.app")
