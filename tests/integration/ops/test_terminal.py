"""What tests run in the place of the installed command, a fork that is spared the imports, ends as that one does."""

import signal

import pytest

from tests.fakes.outcomes import a_record
from tests.integration.ops.conftest import AuditTerminal

FOUND = a_record().log_id


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["audit", "get", FOUND], 0),
        (["audit", "get", FOUND, "--json"], 0),
        (["audit", "get", "6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d"], 1),
        (["audit", "get", FOUND, "--unknown"], 2),
        (["--stack", "nope", "audit", "list"], 2),
        (["--version"], 0),
        (["audit", "--help"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_it_prints_tells_and_exits_as_the_installed_command_does(
    terminal: AuditTerminal, arguments: list[str], code: int
) -> None:
    terminal.keep(a_record())
    forked, installed = terminal.run(*arguments), terminal.run_installed(*arguments)
    assert (forked.returncode, forked.stdout, forked.stderr) == (code, installed.stdout, installed.stderr)
    assert installed.returncode == code


def test_one_command_leaves_nothing_to_the_next(terminal: AuditTerminal) -> None:
    terminal.keep(a_record())
    assert terminal.run("audit", "get", FOUND, AWS_REGION="").returncode == 2
    assert terminal.run("audit", "get", FOUND, AWS_ENDPOINT_URL="http://127.0.0.1:1").returncode == 1
    assert terminal.run("audit", "get", FOUND).returncode == 0


def test_a_command_that_takes_too_long_is_killed_and_said_to_be(terminal: AuditTerminal) -> None:
    with terminal.popen("audit", "tail", "-f") as following:
        with pytest.raises(TimeoutError, match=r"still under way after 0\.1 s"):
            following.wait(0.1)
        assert following.wait() == -signal.SIGKILL
