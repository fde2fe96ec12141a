"""Which Pythons of a machine are found, and which are passed over."""

import json
import platform
import sys
from pathlib import Path
from typing import Any

import pytest

from infra import interpreters
from infra.interpreters import Interpreter, installed, probe


def facts(**changes: Any) -> str:
    return json.dumps(
        {
            "executable": "SELF",
            "version": [3, 13, 1],
            "final": True,
            "implementation": "cpython",
            "free_threaded": False,
            "machine": [platform.machine(), sys.maxsize],
            "cache_tag": "cpython-313",
            "platform": "linux-x86_64",
            **changes,
        }
    )


def python(place: Path, says: str | None = None) -> Path:
    """A program at a place that says something of itself when it is asked; as a good Python would, unless told."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(
        f"#!/bin/sh\ncat <<'END'\n{(facts() if says is None else says).replace('SELF', str(place))}\nEND\n"
    )
    place.chmod(0o755)
    return place


def found(root: Path, minor: tuple[int, int] | None = None, **environment: str) -> list[str]:
    where = {"PATH": str(root / "path"), "HOME": str(root / "home"), **environment}
    return [str(each.executable.relative_to(root)) for each in installed(minor, environment=where, root=root)]


def test_the_python_that_runs_this_is_what_its_probe_says() -> None:
    probed = probe(Path(sys.executable))
    assert probed is not None
    assert (probed.version, probed.tag) == (Interpreter.own().version, Interpreter.own().tag)


def test_usr_bin_comes_first_then_the_path_then_the_version_managers(tmp_path: Path) -> None:
    places = [
        *("usr/bin/python3", "path/python3.12", "opt/python/cp313/bin/python3.13"),
        *("pyenv/versions/3.11.1/bin/python3.11", "home/.pyenv/versions/3.13.2/bin/python3"),
        "home/.local/share/uv/python/cpython-3.14.0-linux/bin/python3.14",
    ]
    for place in places:
        python(tmp_path / place)
    assert found(tmp_path, PYENV_ROOT=str(tmp_path / "pyenv")) == places


def test_one_minor_version_is_found_by_its_own_name(tmp_path: Path) -> None:
    python(tmp_path / "usr/bin/python3")
    python(tmp_path / "path/python3.12", facts(version=[3, 12, 1]))
    python(tmp_path / "home/.pyenv/versions/3.13.2/bin/python3.13")
    assert found(tmp_path, (3, 13)) == ["home/.pyenv/versions/3.13.2/bin/python3.13"]


def test_a_python_under_several_names_is_there_once(tmp_path: Path) -> None:
    real = python(tmp_path / "usr/bin/python3.11")
    (tmp_path / "usr/bin/python3").symlink_to(real)
    (tmp_path / "path").symlink_to(tmp_path / "usr/bin")
    python(tmp_path / "home/.local/bin/python3", facts(executable=str(real)))
    assert found(tmp_path) == ["usr/bin/python3.11"]


def test_other_programs_are_no_pythons(tmp_path: Path) -> None:
    for name in ("python3-config", "python3.11-config", "python2", "python3.13t", "python", "python3.x"):
        python(tmp_path / "path" / name)
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    "says",
    [
        facts(implementation="pypy"),
        facts(free_threaded=True),
        facts(final=False),
        facts(machine=["s390x", sys.maxsize]),
        facts(machine=[platform.machine(), 2**31 - 1]),
        *("pyenv: python3.13: command not found", "", "{}", "[]", "3.13", facts(version="3.13")),
        *(facts(version=[3]), facts(machine=None), facts(executable=None)),
    ],
)
def test_what_cannot_run_a_function_is_passed_over(tmp_path: Path, says: str) -> None:
    python(tmp_path / "path/python3.13", says)
    good = python(tmp_path / "usr/bin/python3.13")
    assert found(tmp_path, (3, 13)) == [str(good.relative_to(tmp_path))]


@pytest.mark.parametrize("content", ["#!/no/such/interpreter\n", "#!/bin/sh\nexit 127\n", "\x7fELF not for here"])
def test_what_does_not_run_at_all_is_passed_over(tmp_path: Path, content: str) -> None:
    broken = python(tmp_path / "path/python3.13")
    broken.write_text(content)
    assert found(tmp_path) == found(tmp_path, (3, 13)) == []


def test_a_folder_a_broken_link_and_a_file_that_may_not_be_run_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "path/python3.13").mkdir(parents=True)
    (tmp_path / "path/python3").symlink_to(tmp_path / "gone")
    (tmp_path / "path/python3.12").write_text("#!/bin/sh\n")
    assert found(tmp_path) == found(tmp_path, (3, 13)) == []


def test_one_that_never_answers_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "_LONGEST_PROBE_S", 0.1)
    python(tmp_path / "path/python3.13").write_text("#!/bin/sh\nexec sleep 60\n")
    assert found(tmp_path) == []


@pytest.mark.parametrize("beside", ["versions/3.13.0/bin", "installs/python/3.13.0/bin"])
def test_a_version_managers_stand_ins_are_not_asked_but_what_is_behind_them(tmp_path: Path, beside: str) -> None:
    python(tmp_path / "manager/shims/python3.13").write_text("#!/bin/sh\ntouch $0.asked\n")
    python(tmp_path / "manager" / beside / "python3.13")
    assert found(tmp_path, (3, 13), PATH=str(tmp_path / "manager/shims")) == [f"manager/{beside}/python3.13"]
    assert not (tmp_path / "manager/shims/python3.13.asked").exists()
