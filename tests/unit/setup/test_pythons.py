"""On which Pythons `make test-pythons` runs, and what it says of the others."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.interpreters import Interpreter
from tests.pythons import ROOT, Result, allowed, plan, summary, try_on

RANGE = ">=3.11,<3.14"


def python(version: str, folder: str = "/usr/bin") -> Interpreter:
    major, minor, micro = map(int, version.split("."))
    return Interpreter(Path(folder) / f"python{major}.{minor}", (major, minor, micro), "tag")


def test_the_oldest_release_of_each_minor_version_runs() -> None:
    found = [python("3.11.7"), python("3.13.0"), python("3.11.2", "/opt"), python("3.11.2"), python("3.12.1")]
    assert plan(found, RANGE).run == (found[2], found[4], found[1])


def test_what_is_too_old_is_not_spoken_of_and_what_is_too_new_is_not_run() -> None:
    found = [python("3.10.13"), python("3.14.1"), python("3.15.0"), python("3.12.1")]
    planned = plan(found, RANGE)
    assert planned.run == (found[3],)
    assert planned.refused == (found[1],)
    assert plan(found, ">=3.11,<3.15").run == (found[3], found[1])


def test_minor_versions_that_are_not_there_are_named() -> None:
    assert plan([python("3.11.2"), python("3.14.0")], RANGE).missing == ("3.12", "3.13")
    assert plan([], RANGE).missing == ("3.11", "3.12", "3.13", "3.14")


@pytest.mark.parametrize(("text", "range_"), [(RANGE, ((3, 11), (3, 13))), (">=3.12, <3.15", ((3, 12), (3, 14)))])
def test_the_range_is_pyprojects(text: str, range_: tuple[tuple[int, int], tuple[int, int]]) -> None:
    assert allowed(text) == range_


def test_a_python_has_an_environment_of_its_own_and_stops_at_the_first_step_that_fails() -> None:
    called: list[tuple[Sequence[str], Path]] = []

    def call(command: Sequence[str], environment: Path) -> int:
        called.append((command, environment))
        return len(called) - 1

    result = try_on(python("3.12.1"), call)
    assert result.failed == "the tests (exit status 1)"
    assert {environment for _, environment in called} == {ROOT / "build" / "pythons" / "3.12.1"}
    assert [str(ROOT / ".venv") in " ".join(command[1:]) for command, _ in called] == [False, False]
    sync, tests = (command for command, _ in called)
    assert sync[-2:] == ["--python", "/usr/bin/python3.12"]
    assert {"tests/unit", "tests/infra", "tests/architecture"} <= set(tests)


def test_all_steps_that_pass_are_a_pass() -> None:
    assert try_on(python("3.12.1"), lambda *_: 0).failed is None


def test_the_summary_has_a_line_for_each_python() -> None:
    planned = plan([python("3.11.2"), python("3.12.1"), python("3.14.0")], RANGE)
    results = [Result(planned.run[0], None, 71.4), Result(planned.run[1], "the demo (exit status 1)", 9)]
    assert summary(planned, results, RANGE) == [
        "passed  Python 3.11.2     71 s  /usr/bin/python3.11",
        "failed  Python 3.12.1      9 s  /usr/bin/python3.12: the demo (exit status 1)",
        f"not run Python 3.14.0           /usr/bin/python3.14: pyproject.toml takes {RANGE}",
        "not found on this machine: Python 3.13",
    ]
