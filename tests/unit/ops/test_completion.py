"""A shell that evaluates the script completes what is typed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.cli import cli

BIN = Path(sys.executable).parent
COMPLETE = (
    'eval "$(copytrail completion bash)"; COMP_WORDS=({words}); COMP_CWORD={place}; _copytrail_completion copytrail'
)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("copytrail au", {"audit"}),
        ("copytrail completion ", {"bash", "zsh", "fish"}),
        ("copytrail audit list --outcome sk", {"skipped"}),
        ("copytrail no-such-command --l", set()),
    ],
)
def test_bash_completes(typed: str, offered: set[str]) -> None:
    words = typed.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    script = COMPLETE.format(words=quoted, place=len(words) - 1) + '; printf "%s\\n" "${COMPREPLY[@]}"'
    environment = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(  # noqa: S603 - our own words
        ["bash", "--norc", "-c", script],  # noqa: S607 - any bash
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(ended.stdout.split()) == offered
    assert ended.stderr == ""


@pytest.mark.parametrize(("shell", "registers"), [("zsh", "compdef"), ("fish", "complete --no-files --command")])
def test_the_other_shells_scripts_ask_copytrail_itself(shell: str, registers: str) -> None:
    script = CliRunner().invoke(cli, ["completion", shell], prog_name="copytrail").stdout
    assert registers in script
    assert f"_COPYTRAIL_COMPLETE={shell}_complete" in script


def test_a_shell_that_is_not_known_is_wrong_usage() -> None:
    ended = CliRunner().invoke(cli, ["completion", "tcsh"], prog_name="copytrail")
    assert ended.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in ended.stderr
