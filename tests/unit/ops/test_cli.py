"""The command line explains itself, and takes in what is plugged in."""

import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ops import cli
from ops.audit.commands import audit
from tests.terminal import COPYTRAIL


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three plugged-in commands: one that works, one whose packages are missing, one of the name of ours."""
    (tmp_path / "pluggable.py").write_text(
        "import click\n@click.command()\ndef greet() -> None:\n    '''Say hello.'''\n    click.echo('hello')\n"
    )
    (tmp_path / "unpluggable.py").write_text("import a_package_that_nobody_has\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins = [
        EntryPoint("greet", "pluggable:greet", "copytrail.commands"),
        EntryPoint("absent", "unpluggable:absent", "copytrail.commands"),
        EntryPoint("audit", "pluggable:greet", "copytrail.commands"),
    ]
    monkeypatch.setattr(cli, "entry_points", lambda group: [plugin for plugin in plugins if plugin.group == group])


def test_help_names_the_exit_codes_the_options_and_our_commands(runner: CliRunner) -> None:
    shown = runner.invoke(cli.cli, ["--help"])
    assert shown.exit_code == 0
    for word in ("--stack", "--region", "--profile", "COPYTRAIL_STACK", "audit", "Exit codes:", "  2  wrong usage"):
        assert word in shown.stdout


def test_version_is_the_installed_one(runner: CliRunner) -> None:
    assert runner.invoke(cli.cli, ["--version"], prog_name="copytrail").stdout == "copytrail 0.1.0\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["audit", "lst"],
        ["audit", "get"],
        ["audit", "list", "--limit", "0"],
        ["audit", "list", "--outcome", "x"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2_and_prints_nothing_on_stdout(runner: CliRunner, arguments: list[str]) -> None:
    ended = runner.invoke(cli.cli, arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "--help" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("audit list --stack X", "--stack goes before the command: `copytrail --stack NAME audit list`"),
        ("audit list --region=x", "--region goes before the command: `copytrail --region NAME audit list`"),
        ("status --profile p", "--profile goes before the command: `copytrail --profile NAME status`"),
        ("--since 1h audit list", "--since goes after the command: `copytrail COMMAND --since VALUE`"),
        ("dlq --json ls", "--json goes after the command: `copytrail dlq COMMAND --json`"),
        ("dlq --queue audit ls", "--queue goes after the command: `copytrail dlq COMMAND --queue VALUE`"),
    ],
)
def test_an_option_in_the_wrong_place_says_where_it_goes_in_one_line(
    runner: CliRunner, arguments: str, told: str
) -> None:
    ended = runner.invoke(cli.cli, arguments.split(), prog_name="copytrail")
    assert (ended.exit_code, ended.stdout, ended.stderr) == (2, "", f"Error: {told}\n")


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [("audit list --sinse 1h", "--since"), ("--stak X audit list", "--stack"), ("audit lst", "list")],
)
def test_what_is_not_known_suggests_the_nearest(runner: CliRunner, arguments: str, nearest: str) -> None:
    ended = runner.invoke(cli.cli, arguments.split())
    assert ended.exit_code == 2
    assert f"'{nearest}'" in ended.stderr.splitlines()[-1]


@pytest.mark.usefixtures("plug_in")
def test_a_plugged_in_command_is_listed_and_runs(runner: CliRunner) -> None:
    assert re.search(r"^  greet +Say hello\.$", runner.invoke(cli.cli, ["--help"]).stdout, re.MULTILINE)
    assert runner.invoke(cli.cli, ["greet"]).stdout == "hello\n"


@pytest.mark.usefixtures("plug_in")
def test_a_plugin_without_its_packages_is_not_listed_and_asking_for_it_says_what_to_do(runner: CliRunner) -> None:
    assert "absent" not in runner.invoke(cli.cli, ["--help"]).stdout
    ended = runner.invoke(cli.cli, ["absent"])
    assert ended.exit_code == 2
    assert "a_package_that_nobody_has" in ended.stderr
    assert "pip install 'copytrail[local]'" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.usefixtures("plug_in")
def test_a_plugin_does_not_take_the_place_of_our_own_command() -> None:
    context = click.Context(cli.cli)
    assert cli.cli.get_command(context, "audit") is audit
    assert cli.cli.list_commands(context).count("audit") == 1


def test_a_plugin_that_is_no_command_is_a_bug_that_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = EntryPoint("path", "pathlib:Path", "copytrail.commands")
    monkeypatch.setattr(cli, "entry_points", lambda group: [plugin] if group == plugin.group else [])
    with pytest.raises(TypeError, match="pathlib:Path is not a click command"):
        cli.cli.get_command(click.Context(cli.cli), "path")


def test_a_question_that_is_broken_off_is_an_interruption(runner: CliRunner) -> None:
    @click.command()
    def ask() -> None:
        click.confirm("Really?", err=True)

    group = cli.CopytrailGroup(commands={"ask": ask})
    ended = runner.invoke(group, ["ask"], input="")
    assert (ended.exit_code, ended.stderr) == (130, "Really? [y/N]: \n")


def test_help_that_the_disk_has_no_room_for_is_one_line() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        ended = subprocess.run(  # noqa: S603 - our own command
            [COPYTRAIL, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, "Error: [Errno 28] No space left on device\n")


@pytest.mark.parametrize("command", ["demo", "local"])
def test_without_the_embedded_aws_the_extra_to_install_is_named(tmp_path: Path, command: str) -> None:
    program = (
        "import sys, importlib.util as util\nfound = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'moto' else found(name, *more)\n"
        f"sys.argv = ['copytrail', {command!r}]\nfrom ops.entry import main\nmain()"
    )
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"Error: '{command}' needs the embedded AWS, which is not installed (no module 'moto'): run `pip install"
        " 'copytrail[local]'`, or `uv sync` in copytrail's checkout\n"
    )
