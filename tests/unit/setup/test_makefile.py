"""On which Python `make` builds .venv, and what it says where there is none. Pythons and uv are stand-ins."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra import stack_options

ROOT = Path(__file__).parents[3]
# Runs the code that it is given on our own Python, which takes itself for another.
_PYTHON = """#!/bin/sh
[ "$1" = -c ] || exit 9
code=$2
shift 2
exec {own} -c "
import sys
sys.version_info = {version}
sys._base_executable = '$0'
{before}
exec(sys.argv.pop(1))" "$code" "$@"
"""
_UV = """#!/bin/sh
[ "$1" = sync ] || exit 0
echo "$@ downloads=$UV_PYTHON_DOWNLOADS" >> uv.log
mkdir -p .venv/bin && rm -f .venv/.ready && : > .venv/bin/python && chmod +x .venv/bin/python
"""
NO_VENV = "sys.modules['ensurepip'] = None"


class Machine:
    """A clone of the project on a machine that has these Pythons and nothing else."""

    def __init__(self, place: Path) -> None:
        self.root = place / "a clone"
        self.bin = place / "bin"
        self.bin.mkdir(parents=True)
        (self.root / ".ci").mkdir(parents=True)
        for name in ("Makefile", "pyproject.toml", "uv.lock", ".ci/find-python"):
            shutil.copy(ROOT / name, self.root / name)
        # The machine that runs this test has Pythons in these two.
        script = self.root / ".ci/find-python"
        script.write_text(script.read_text().replace("/usr/bin:/usr/local/bin", str(self.bin / "usr")))
        # `make` and what the script calls, so that no other Python is on the PATH.
        for tool in ("sh", "bash", "sed", "cat", "dirname", "readlink", "test", "mkdir", "rm", "chmod", "grep"):
            (self.bin / tool).symlink_to(str(shutil.which(tool)))

    def python(self, name: str, version: str, *, before: str = "", say: str = "final") -> Path:
        path = self.bin / name
        numbers = (*map(int, version.split(".")), say, 0)
        path.write_text(_PYTHON.format(own=sys.executable, version=numbers, before=before))
        path.chmod(0o755)
        return path

    def uv(self) -> None:
        (self.bin / "uv").write_text(_UV)
        (self.bin / "uv").chmod(0o755)

    def find(self, asked: str = "", *, needs: str = "venv") -> tuple[int, str, str]:
        return self._run([str(self.root / ".ci/find-python"), asked], NEEDS=needs)

    def make(self, *arguments: str) -> tuple[int, str, str]:
        return self._run([str(shutil.which("make")), "-C", str(self.root), ".venv/.ready", *arguments])

    def synced(self) -> list[str]:
        log = self.root / "uv.log"
        return log.read_text().splitlines() if log.exists() else []

    def _run(self, command: list[str], **more: str) -> tuple[int, str, str]:
        environment = {"PATH": str(self.bin), **more}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - ours
        return done.returncode, done.stdout.strip(), done.stderr.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_python3_that_is_new_enough_is_taken(machine: Machine) -> None:
    machine.python("python3", "3.9.2")
    machine.python("python3.11", "3.11.2")
    newer = machine.python("python3.12", "3.12.1")
    assert machine.find() == (0, str(newer), "")
    first = machine.python("python3", "3.11.0")
    assert machine.find() == (0, str(first), "")


def test_one_that_is_too_new_broken_or_no_release_is_passed_over(machine: Machine) -> None:
    machine.python("python3", "3.99.0")
    machine.python("python3.13", "3.13.0", say="candidate")
    (machine.bin / "python3.12").write_text("#!/no/such/interpreter\n")
    (machine.bin / "python3.12").chmod(0o755)
    right = machine.python("python3.11", "3.11.2")
    assert machine.find() == (0, str(right), "")


def test_one_that_can_make_a_virtual_environment_goes_before_one_that_cannot(machine: Machine) -> None:
    bare = machine.python("python3", "3.11.2", before=NO_VENV)
    assert machine.find(needs="") == (0, str(bare), "")
    whole = machine.python("python3.12", "3.12.1")
    assert machine.find() == (0, str(whole), "")


def test_no_python_at_all_is_one_line_that_says_what_to_type(machine: Machine) -> None:
    code, out, error = machine.find()
    assert (code, out, error.count("\n")) == (1, "", 0)
    assert error.startswith("no Python 3.11 to 3.")
    assert "apt install python3 python3-venv" in error
    assert "make PYTHON=" in error


def test_an_old_python_is_named_where_there_is_no_other(machine: Machine) -> None:
    path = machine.python("python3", "3.9.2")
    assert f"; {path} is Python 3.9.2: install one" in machine.find()[2]


def test_a_missing_venv_is_one_line_with_the_package(machine: Machine) -> None:
    path = machine.python("python3", "3.11.2", before=NO_VENV)
    for asked in ("", str(path)):
        code, out, error = machine.find(asked)
        assert (code, out, error.count("\n")) == (1, "", 0)
        assert error.startswith(f"{path} (Python 3.11.2) cannot make a virtual environment")
        assert "'apt install python3.11-venv'" in error


@pytest.mark.parametrize(
    ("version", "says"), [("2.7.18", "too old"), ("3.10.13", "too old"), ("3.99.1", "newer than"), (None, "no Python")]
)
def test_what_is_asked_for_and_will_not_do_is_one_line(machine: Machine, version: str | None, says: str) -> None:
    machine.python("python3", "3.11.2")
    asked = machine.bin / "asked"
    if version:
        machine.python("asked", version)
    code, out, error = machine.find(str(asked))
    assert (code, out, error.count("\n")) == (1, "", 0)
    assert error.startswith(f"PYTHON={asked} is ")
    assert says in error


def test_the_environment_is_built_on_the_python_that_is_asked_for_and_uv_downloads_none(machine: Machine) -> None:
    machine.uv()
    machine.python("python3", "3.11.2")
    asked = machine.python("python3.12", "3.12.1")
    code, _, error = machine.make("PYTHON=python3.12")
    assert (code, error) == (0, f"Installing what uv.lock names into .venv, on {asked}")
    assert machine.synced() == [f"sync --frozen --quiet --compile-bytecode --python {asked} downloads=never"]


def test_another_python_builds_it_anew_and_the_same_does_not(machine: Machine) -> None:
    machine.uv()
    first, second = machine.python("python3", "3.11.2"), machine.python("python3.12", "3.12.1")
    for arguments in ((), (), ("PYTHON=python3",), ("PYTHON=python3.12",), ("PYTHON=python3.12",), ()):
        assert machine.make(*arguments)[0] == 0
    assert [line.split()[5] for line in machine.synced()] == [str(first), str(second)]


def test_an_environment_whose_python_is_gone_is_built_anew(machine: Machine) -> None:
    machine.uv()
    machine.python("python3", "3.11.2")
    machine.make()
    (machine.root / ".venv/bin/python").unlink()
    (machine.root / ".venv/bin/python").symlink_to(machine.bin / "gone")
    machine.make()
    assert len(machine.synced()) == 2


def test_a_python_that_will_not_do_stops_make_and_leaves_the_environment(machine: Machine) -> None:
    machine.uv()
    machine.python("python3", "3.11.2")
    machine.make()
    code, _, error = machine.make(f"PYTHON={machine.bin / 'nothing'}")
    assert code == 2
    assert error.splitlines()[0].startswith(f"PYTHON={machine.bin / 'nothing'} is no Python that runs here")
    assert len(machine.synced()) == 1
    assert (machine.root / ".venv/bin/python").exists()


def test_a_uv_that_does_not_run_is_none(machine: Machine) -> None:
    (machine.bin / "uv").write_text("#!/bin/sh\nexit 127\n")
    (machine.bin / "uv").chmod(0o755)
    machine.python("python3", "3.11.2", before=NO_VENV)
    error = machine.make()[2]
    assert "cannot make a virtual environment" in error.splitlines()[0]


@pytest.mark.parametrize("target", ["synth", "bootstrap", "diff", "deploy", "destroy"])
def test_what_works_on_a_stack_works_on_that_of_an_environment(target: str) -> None:
    def commands(*arguments: str) -> str:
        # A shell's own variable of that name is no environment of ours.
        shown = ["make", "--dry-run", target, *arguments]
        variables = {**os.environ, "ENV": "/etc/shell.rc"}
        return subprocess.run(shown, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own file

    assert "--context" not in commands()
    assert "--context 'environment=staging'" in commands("ENV=staging")


@pytest.mark.parametrize(
    ("arguments", "drained"),
    [
        ((), "copytrail $options drain"),
        # The CDK asks nothing then, and neither does it.
        (("ARGS=--force",), "copytrail $options drain --yes"),
        (("DRAIN=no",), ""),
    ],
)
def test_a_stack_is_drained_before_it_is_destroyed(arguments: tuple[str, ...], drained: str) -> None:
    shown = ["make", "--dry-run", "--silent", "destroy", *arguments]
    done = subprocess.run(shown, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own file
    first, last = done.stdout.splitlines()[-2:]
    assert first.rpartition("&& ")[2].strip() == drained or (first, drained) == (":", "")
    assert last.startswith("npx --no-install cdk destroy")


def test_copytrail_works_on_the_stack_that_the_cdk_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert stack_options.main(["--force", "--profile", "ops"]) == 0
    assert capsys.readouterr().out == "--stack copytrail --profile ops\n"
    assert stack_options.main(["--context", "environment=nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err
