"""Licences of everything that the locks name: which are allowed, and which packages are allowed in spite of theirs."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# SPDX names. The first ask for no more than to be named; the last for their own source, should it be changed.
PERMISSIVE = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}
)
WEAK_COPYLEFT = frozenset({"MPL-2.0"})
# Development only, by name: never in an asset, never in the wheel, and never handed on.
DEVELOPMENT_ONLY = {
    f"@cloud-copilot/{name}": "AGPL-3.0-or-later" for name in ("iam-policy", "iam-simulate", "iam-utils")
}

# What packages call these licences that do not use SPDX's names.
_NAMES = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "mit license": "MIT",
    "mit no attribution license (mit-0)": "MIT-0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    # MIT's own words, in place of its name.
    "permission is hereby granted, free of charge": "MIT",
}


@dataclass(frozen=True)
class Package:
    """A package that a lock names. `licences` are alternatives, each of all the licences that it takes together."""

    name: str
    version: str
    licences: tuple[frozenset[str], ...]

    def is_allowed(self, allowed: frozenset[str]) -> bool:
        """Whether one of its alternatives is made of allowed licences only."""
        return any(together and together <= allowed for together in self.licences)


def installed() -> Iterator[Package]:
    """Each Python package of `uv.lock` that is installed here; the project itself is none."""
    for distribution in distributions():
        if normalised(distribution.name) in locked():
            yield _package(distribution)


def from_npm(root: Path = ROOT) -> Iterator[Package]:
    """Each npm package of `package-lock.json`."""
    for place, entry in json.loads((root / "package-lock.json").read_text())["packages"].items():
        if place:
            name = place.rpartition("node_modules/")[2]
            yield Package(name, entry["version"], alternatives(entry.get("license", "")))


@cache
def locked() -> Mapping[str, str]:
    """The packages of `uv.lock` that come from the index: their names and versions."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {package["name"]: package["version"] for package in packages if "registry" in package["source"]}


def normalised(name: str) -> str:
    """A package's name as locks write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def alternatives(expression: str) -> tuple[frozenset[str], ...]:
    """The alternatives of `MIT OR (Apache-2.0 AND BSD-3-Clause)`."""
    words = expression.replace("(", "").replace(")", "")
    return tuple(frozenset(map(_spdx, re.split(r" AND ", each))) for each in re.split(r" OR ", words))


def _package(distribution: Distribution) -> Package:
    return Package(distribution.name, distribution.version, _declared(distribution.metadata.json))


def _declared(fields: Mapping[str, str | list[str]]) -> tuple[frozenset[str], ...]:
    """By PEP 639, by a name of a licence, or else by classifiers, of which a package may be had under any."""
    if expression := fields.get("license_expression"):
        return alternatives(str(expression))
    text = " ".join(str(fields.get("license", "")).split())
    if any(each <= PERMISSIVE | WEAK_COPYLEFT for each in alternatives(text)):
        return alternatives(text)
    if known := next((name for words, name in _NAMES.items() if " " in words and words in text.lower()), None):
        return (frozenset({known}),)
    approved = [each for each in fields.get("classifier", ()) if each.startswith("License :: OSI Approved ::")]
    return tuple(frozenset({_spdx(each.rpartition(" :: ")[2])}) for each in approved)


def _spdx(name: str) -> str:
    return _NAMES.get(name.strip().lower(), name.strip())
