"""`make test-pythons`: the unit, infrastructure and architecture tests and the demo on each minor version of CPython.

Of each it is the oldest release that this machine has: what a newer one takes, that one may not. It runs in an
environment of its own under `build/`, made from the lock. Exits 1 if any failed.
"""

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv

from infra.interpreters import Interpreter, installed

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ROOT / "build" / "pythons"
# What the project is to run on; where a dependency has no wheels for the newest, pyproject.toml allows less.
OLDEST, NEWEST = (3, 11), (3, 14)
_TESTS = ("tests/unit", "tests/infra", "tests/architecture")


@dataclass(frozen=True)
class Plan:
    """What is run: the oldest release of each minor version.

    What is not: `refused` are outside requires-python, `missing` minors.
    """

    run: tuple[Interpreter, ...]
    refused: tuple[Interpreter, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """How one Python did: the step that failed, if any, and how long all took."""

    python: Interpreter
    failed: str | None
    seconds: float


def allowed(requires_python: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """The lowest and the highest minor version of `>=3.11,<3.14`: (3, 11) and (3, 13)."""
    least, below = (bound.strip().lstrip(">=<").split(".") for bound in requires_python.split(","))
    return (int(least[0]), int(least[1])), (int(below[0]), int(below[1]) - 1)


def plan(found: Iterable[Interpreter], requires_python: str) -> Plan:
    """Sort out what was found; of two that are the same release, the first is taken."""
    least, most = allowed(requires_python)
    oldest: dict[tuple[int, int], Interpreter] = {}
    for python in found:
        known = oldest.get(python.minor)
        if OLDEST <= python.minor <= NEWEST and (known is None or python.version < known.version):
            oldest[python.minor] = python
    pythons = [python for _, python in sorted(oldest.items())]
    wanted = [(OLDEST[0], minor) for minor in range(OLDEST[1], NEWEST[1] + 1)]
    return Plan(
        run=tuple(python for python in pythons if least <= python.minor <= most),
        refused=tuple(python for python in pythons if not least <= python.minor <= most),
        missing=tuple(
            f"{major}.{minor}" for major, minor in wanted if (major, minor) not in {p.minor for p in pythons}
        ),
    )


def steps(python: Interpreter, environment: Path) -> list[tuple[str, list[str]]]:
    """What is done with a Python, in order: the name and the command of each step."""
    sync = ["sync", "--frozen", "--quiet", "--no-python-downloads", "--python", str(python.executable)]
    pytest = ["-m", "pytest", "--quiet", "--numprocesses", "3", "--dist", "loadfile", "-p", "no:cacheprovider", *_TESTS]
    return [
        ("the environment", [uv.find_uv_bin(), *sync]),
        ("the tests", [str(environment / "bin" / "python"), *pytest]),
        ("the demo", [str(environment / "bin" / "copytrail"), "demo"]),
    ]


def try_on(python: Interpreter, call: Callable[[Sequence[str], Path], int]) -> Result:
    """Do all steps until one fails. `call` runs a command with its environment first on the PATH; its exit status."""
    began = time.monotonic()
    environment = ENVIRONMENTS / python.name
    for name, command in steps(python, environment):
        print(f"\n— Python {python.name}: {name}", flush=True)  # noqa: T201 - what a person reads
        if status := call(command, environment):
            return Result(python, f"{name} (exit status {status})", time.monotonic() - began)
    return Result(python, None, time.monotonic() - began)


def summary(planned: Plan, results: Iterable[Result], requires_python: str) -> list[str]:
    """What ran and how, what did not run and why, what was not found: a line for each."""
    lines = [
        f"{'failed' if result.failed else 'passed'}  Python {result.python.name:<8}{result.seconds:5.0f} s"
        f"  {result.python.executable}{f': {result.failed}' if result.failed else ''}"
        for result in results
    ]
    lines += [
        f"not run Python {python.name:<8}         {python.executable}: pyproject.toml takes {requires_python}"
        for python in planned.refused
    ]
    if planned.missing:
        lines.append(f"not found on this machine: Python {', '.join(planned.missing)}")
    return lines


def _call(command: Sequence[str], environment: Path) -> int:
    variables = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    variables["UV_PROJECT_ENVIRONMENT"] = str(environment)
    variables["PATH"] = os.pathsep.join([str(environment / "bin"), os.environ.get("PATH", os.defpath)])
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode  # noqa: S603 - our own commands


def main() -> int:
    """Run all, and say how it went; the exit status."""
    requires_python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    planned = plan(installed(), requires_python)
    results = [try_on(python, _call) for python in planned.run]
    print("\n" + "\n".join(summary(planned, results, requires_python)))  # noqa: T201 - what a person reads
    return 1 if not results or any(result.failed for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
