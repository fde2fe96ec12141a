"""Known vulnerabilities of what the locks name, as uv's and npm's audits tell them, where their data can be reached."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import uv

from tests.supply.licences import ROOT

# What uv says when it found something, and not when it could not look.
_UV_FOUND = 1


@dataclass(frozen=True)
class Audit:
    """One audit: `found` is its report, empty where nothing is known; `unreachable` says why it could not look."""

    name: str
    found: str = ""
    unreachable: str = ""


def of_python(*script: str) -> Audit:
    """`uv audit` of `uv.lock`, or of a script's own lock, by the OSV database."""
    name = " ".join(["uv audit", *script])
    done = _run([uv.find_uv_bin(), "--color", "never", "audit", "--frozen", *(("--script", *script) if script else ())])
    if done.returncode == 0:
        return Audit(name)
    if done.returncode == _UV_FOUND:
        return Audit(name, found=done.stdout + done.stderr)
    return Audit(name, unreachable=_last_line(done.stderr))


def of_npm() -> Audit:
    """`npm audit` of `package-lock.json`, by the registry's advisories."""
    done = _run(["npm", "audit", "--json"])
    try:
        report = json.loads(done.stdout)
        known = report["metadata"]["vulnerabilities"]["total"]
    except (ValueError, LookupError, TypeError):
        return Audit("npm audit", unreachable=_npm_reason(done.stdout) or _last_line(done.stderr))
    return Audit("npm audit", found=json.dumps(report["vulnerabilities"], indent=2) if known else "")


def _npm_reason(answer: str) -> str:
    try:
        return " ".join(str(json.loads(answer)["message"]).split("http", maxsplit=1)[0].split())
    except (ValueError, LookupError, TypeError):
        return ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("cause: ") if lines else "it said nothing"


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603 - uv and npm, and our own words
