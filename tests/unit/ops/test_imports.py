"""Who only asks what there is does not wait for boto3, which takes longer to import than all the rest."""

import os
import subprocess
import sys

import pytest

_SLOW = ("boto3", "botocore.session", "moto", "pyarrow", "ops.audit", "ops.dlq", "ops.reconcile")


def imported(*arguments: str, **environment: str) -> set[str]:
    """Which of the slow modules the command has imported when it ends."""
    program = (
        "import atexit, sys\nfrom ops.entry import main\n"
        f"atexit.register(lambda: print('imported', *({_SLOW!r} & sys.modules.keys()), file=sys.stderr))\n"
        f"sys.argv = ['copytrail', *{list(arguments)!r}]\nmain()"
    ).replace(repr(_SLOW), repr(set(_SLOW)))
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    *_, last = ended.stderr.splitlines()
    assert last.startswith("imported"), ended.stderr
    return set(last.split()[1:])


def test_the_version_takes_none_of_them() -> None:
    assert imported("--version") == set()


@pytest.mark.parametrize("command", ["", "audit", "audit list", "dlq replay"])
def test_help_takes_neither_boto3_nor_what_exports_need(command: str) -> None:
    assert not imported(*command.split(), "--help") & {"boto3", "botocore.session", "moto", "pyarrow"}


def test_help_of_one_command_imports_no_other() -> None:
    assert not imported("completion", "--help") & {"ops.audit", "ops.dlq", "ops.reconcile"}


@pytest.mark.parametrize("typed", ["copytrail a", "copytrail audit l", "copytrail audit list --o"])
def test_completion_takes_neither(typed: str) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" ")), "_COPYTRAIL_COMPLETE": "bash_complete"}
    assert not imported(**words) & {"boto3", "botocore.session", "moto", "pyarrow"}
