"""What is installed and shipped is under licences that we take, locked by hashes, and from one index."""

import json
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.bundling import CALLS
from tests.supply import __main__ as audit
from tests.supply import licences, sbom, vulnerabilities
from tests.supply.licences import DEVELOPMENT_ONLY, PERMISSIVE, ROOT, WEAK_COPYLEFT, Package, alternatives
from tests.supply.vulnerabilities import Audit


@pytest.fixture(scope="module")
def lock() -> list[dict[str, Any]]:
    return tomllib.loads((ROOT / "uv.lock").read_text())["package"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def npm_lock() -> dict[str, dict[str, Any]]:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    return {place: entry for place, entry in packages.items() if place}


def test_every_package_has_a_licence_that_is_on_the_list_or_is_named_as_development_only() -> None:
    packages = [*licences.installed(), *licences.from_npm()]
    assert len(packages) > len(licences.locked()) / 2
    assert [
        package
        for package in packages
        if not package.is_allowed(PERMISSIVE | WEAK_COPYLEFT) and package.name not in DEVELOPMENT_ONLY
    ] == []


@pytest.mark.parametrize("service", sorted(CALLS))
def test_what_ships_is_under_licences_that_ask_only_to_be_named(service: str) -> None:
    shipped = sbom.shipped(service)
    assert shipped.items() <= licences.locked().items()
    by_name = {licences.normalised(package.name): package for package in licences.installed()}
    assert [name for name in shipped if not by_name[name].is_allowed(PERMISSIVE)] == []


def test_what_is_development_only_is_so_in_its_lock(npm_lock: dict[str, dict[str, Any]]) -> None:
    assert [place for place, entry in npm_lock.items() if not entry.get("dev")] == []
    assert not DEVELOPMENT_ONLY.keys() & licences.locked().keys()


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("Apache-2.0 AND CNRI-Python", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("MPL-2.0", False),
        ("", False),
    ],
)
def test_one_alternative_must_be_allowed_in_all_its_parts(text: str, allowed: bool) -> None:
    assert Package("some", "1", alternatives(text)).is_allowed(PERMISSIVE) is allowed


def test_every_file_of_the_python_lock_has_its_hash_and_comes_from_one_index(lock: list[dict[str, Any]]) -> None:
    from_index = [package for package in lock if "registry" in package["source"]]
    assert {package["name"] for package in lock} - {package["name"] for package in from_index} == {"copytrail"}
    files = [file for package in from_index for file in [*package.get("wheels", ()), package.get("sdist")] if file]
    assert [file for file in files if not file.get("hash", "").startswith("sha256:")] == []
    # A machine's own mirror would be a second host.
    assert len({package["source"]["registry"] for package in from_index}) == 1
    assert len({urlsplit(file["url"]).netloc for file in files}) == 1


def test_every_package_of_the_npm_lock_has_its_hash_and_names_no_mirror(npm_lock: dict[str, dict[str, Any]]) -> None:
    assert [place for place, entry in npm_lock.items() if not entry.get("integrity", "").startswith("sha512-")] == []
    assert len({urlsplit(entry["resolved"]).netloc for entry in npm_lock.values() if "resolved" in entry}) <= 1


@pytest.mark.parametrize(
    ("python", "npm", "expected"),
    [
        (Audit("uv audit"), Audit("npm audit"), (0, ["ok", "ok", "ok"])),
        (Audit("uv audit", unreachable="dns error"), Audit("npm audit"), (4, ["skipped", "skipped", "ok"])),
        (
            Audit("uv audit", unreachable="dns error"),
            Audit("npm audit", found="six"),
            (1, ["skipped", "skipped", "WRONG"]),
        ),
    ],
)
def test_the_exit_code_tells_what_is_wrong_from_what_could_not_be_looked_at(
    python: Audit, npm: Audit, expected: tuple[int, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vulnerabilities, "of_python", lambda *_: python)
        patch.setattr(vulnerabilities, "of_npm", lambda: npm)
        patch.setattr(sbom, "write", lambda: iter([]))
        patch.setattr(audit, "CALLS", {})
        code = audit.main()
    told = [line.split()[0] for line in capsys.readouterr().out.splitlines() if " audit:" in line]
    assert (code, told) == expected


def test_an_audit_that_cannot_look_is_no_audit_that_found_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, script in (
        ("uv", "echo 'cause: dns error' >&2; exit 2"),
        ("npm", 'echo \'{"message": "405 POST http://host/"}\''),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(tmp_path / "uv"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert vulnerabilities.of_python() == Audit("uv audit", unreachable="dns error")
    assert vulnerabilities.of_npm() == Audit("npm audit", unreachable="405 POST")
