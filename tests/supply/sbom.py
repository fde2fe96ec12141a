"""Software bills of materials by cyclonedx-py: what each Lambda asset ships, and what development installs."""

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import uv

from infra.bundling import CALLS, LAMBDA, dependencies
from tests.supply.licences import ROOT, normalised

FOLDER = ROOT / "build" / "sbom"


class SbomError(Exception):
    """cyclonedx-py could not be had, or stopped; the message is its own, or uv's."""


def shipped(service: str) -> dict[str, str]:
    """The packages in a function's asset: their names and versions."""
    found = distributions(path=[str(dependencies(service, target=LAMBDA))])
    return {normalised(each.name): each.version for each in found}


def write() -> Iterator[Path]:
    """Write all bills, the same bytes each time.

    Raises:
        SbomError: see there.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    for service in CALLS:
        with tempfile.TemporaryDirectory(prefix="copytrail-sbom-") as folder:
            # An environment that has nothing, and is shown the asset's packages.
            venv.create(folder, with_pip=False)
            [packages] = Path(folder).glob("lib/python*/site-packages")
            (packages / "asset.pth").write_text(f"{dependencies(service, target=LAMBDA)}\n")
            yield _write(f"{service}.json", Path(folder) / "bin" / "python")
    yield _write("development.json", Path(sys.executable))


def _write(name: str, python: Path) -> Path:
    file = FOLDER / name
    in_its_own = ("run", "--quiet", "--isolated", "--frozen", "--only-group", "audit", "--no-python-downloads")
    bill = ("cyclonedx-py", "environment", "--output-reproducible", "--pyproject", "pyproject.toml", "-o", str(file))
    command = [uv.find_uv_bin(), *in_its_own, *bill, str(python)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - uv itself, and our own words
    if done.returncode != 0:
        raise SbomError(" ".join(done.stderr.split()) or f"exit code {done.returncode}")
    return file
