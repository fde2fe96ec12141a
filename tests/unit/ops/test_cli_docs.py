"""What is written about the command line is what `--help` says, and every command explains itself."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from docs.cli import PAGE, page, walk
from docs.json_fields import MEANINGS, PRINTED, name_of, types_of
from ops.errors import MEANINGS_OF_EXIT_CODES

COPYTRAIL = Path(sys.executable).with_name("copytrail")

COMMANDS = {path: (command, context) for path, command, context in walk()}
LEAVES = sorted(path for path, (command, _) in COMMANDS.items() if not isinstance(command, click.Group))

# They write a file, a script, a policy or a configuration, or run until they are stopped: there is no table to print.
WITHOUT_A_TABLE = {
    "copytrail audit export",
    "copytrail bucket-policy",
    "copytrail completion",
    "copytrail dlq export",
    "copytrail dlq import",
    "copytrail drain",
    "copytrail enable-events",
    "copytrail forwarding-rule",
    "copytrail lifecycle-rule",
    "copytrail local up",
}


def test_the_reference_is_what_help_says() -> None:
    assert PAGE.read_text() == page() + "\n", "run `make docs`"


@pytest.mark.parametrize("path", ["copytrail", "copytrail audit", "copytrail audit list"])
def test_the_installed_command_says_the_same(path: str) -> None:
    _, *arguments = path.split()
    shown = subprocess.run(  # noqa: S603 - our own command
        [COPYTRAIL, *arguments, "--help"], env={"COLUMNS": "80"}, capture_output=True, text=True, check=True
    ).stdout
    assert f"\n## {path}\n\n```\n{shown.rstrip()}\n```\n" in PAGE.read_text()


@pytest.mark.parametrize("path", LEAVES)
def test_a_command_ends_with_an_example_of_itself(path: str) -> None:
    _, _, examples = COMMANDS[path][1].get_help().rpartition("Example")
    assert f"$ {path}" in examples


def test_every_command_with_a_table_prints_json_too() -> None:
    without_json = {path for path in LEAVES if not any("--json" in option.opts for option in COMMANDS[path][0].params)}
    assert without_json == WITHOUT_A_TABLE


def test_what_json_every_command_prints_is_documented() -> None:
    assert set(PRINTED) | WITHOUT_A_TABLE == set(LEAVES)
    types = types_of(each for printed in PRINTED.values() for each in printed)
    assert len({name_of(type_) for type_ in types}) == len(types)
    assert {name for type_ in types for name in type_.__struct_encode_fields__} == set(MEANINGS)


def test_the_exit_codes_are_those_of_the_help() -> None:
    text = PAGE.read_text()
    for code, meaning in MEANINGS_OF_EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in text
        assert f"  {code}  {meaning}\n" in COMMANDS["copytrail"][1].get_help() + "\n"


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in LEAVES])
def test_no_summary_of_a_command_is_cut(path: str) -> None:
    _, _, commands = COMMANDS[path][1].get_help().partition("Commands:")
    assert commands
    assert "..." not in commands
