"""`make audit`: vulnerabilities, licences and bills of materials of all that the locks name.

Ends with 0 when all is well, with 1 when something is wrong, with 4 when not all could be looked at.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.bundling import CALLS, BundlingError
from tests.supply import licences, sbom, vulnerabilities
from tests.supply.licences import PERMISSIVE, WEAK_COPYLEFT

WRONG, NOT_ALL_SEEN = 1, 4


def main() -> int:
    """Do all parts, and say what came of each in a line; the exit code."""
    codes = list(_audits())
    codes.append(_licences())
    codes.append(_bills())
    return WRONG if WRONG in codes else max(codes)


def _audits() -> Iterator[int]:
    for audit in (
        vulnerabilities.of_python(),
        vulnerabilities.of_python("tests/second_aws/emulator.py"),
        vulnerabilities.of_npm(),
    ):
        if audit.unreachable:
            print(f"skipped  {audit.name}: its data cannot be reached from here ({audit.unreachable})")  # noqa: T201 - what a person reads
            yield NOT_ALL_SEEN
        elif audit.found:
            print(f"WRONG    {audit.name}:\n{audit.found}")  # noqa: T201 - as above
            yield WRONG
        else:
            print(f"ok       {audit.name}: nothing is known against what the lock names")  # noqa: T201 - as above
            yield 0


def _licences() -> int:
    packages = [*licences.installed(), *licences.from_npm()]
    refused = [
        package
        for package in packages
        if package.name not in licences.DEVELOPMENT_ONLY and not package.is_allowed(PERMISSIVE | WEAK_COPYLEFT)
    ]
    for package in refused:
        told = " or ".join(" and ".join(sorted(each)) for each in package.licences) or "none"
        print(f"WRONG    licences: {package.name} {package.version} has {told}, which is not on the list")  # noqa: T201 - as above
    for name in sorted({package.name for package in packages} & licences.DEVELOPMENT_ONLY.keys()):
        print(f"note     licences: {name} is under {licences.DEVELOPMENT_ONLY[name]}, for development only")  # noqa: T201 - as above
    if not refused:
        print(f"ok       licences: all of {len(packages)} packages are on the list")  # noqa: T201 - as above
    return WRONG if refused else 0


def _bills() -> int:
    try:
        for file in sbom.write():
            print(f"ok       SBOM: {file.relative_to(licences.ROOT)}, {len(_components(file))} components")  # noqa: T201 - as above
    except (sbom.SbomError, BundlingError) as error:
        print(f"skipped  SBOM: {error}")  # noqa: T201 - as above
        return NOT_ALL_SEEN
    wrong = [service for service in CALLS if _components(sbom.FOLDER / f"{service}.json") != sbom.shipped(service)]
    for service in wrong:
        print(f"WRONG    SBOM: that of the {service} is not what its asset has")  # noqa: T201 - as above
    return WRONG if wrong else 0


def _components(file: Path) -> dict[str, str]:
    components = json.loads(file.read_text())["components"]
    return {licences.normalised(each["name"]): each["version"] for each in components}


if __name__ == "__main__":
    sys.exit(main())
