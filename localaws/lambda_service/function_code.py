"""A function's code on disk: the deployed zip, made runnable on this machine."""

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from infra.bundling import CALLS, Target, dependencies
from localaws.cache import CACHE, used
from localaws.models.lambda_registry import FunctionSpec


def task_root(spec: FunctionSpec, target: Target) -> Path:
    """The directory that holds a function's code, as the target can run it.

    Raises:
        BundlingError: the wheels of this machine could not be had.
        BadZipFile: what was deployed is no zip.
    """
    words = spec.handler.split(".")
    is_ours = words[0] == "services" and words[1] in CALLS
    wheels = dependencies(words[1], target=target) if is_ours else None
    return unpacked(spec.code, host_bundle=wheels, cache=CACHE / "functions")


def unpacked(code: bytes, *, host_bundle: Path | None, cache: Path) -> Path:
    """The directory that the deployed zip is unpacked into, once per content.

    The zip's compiled wheels are built for Lambda's processor and Python. What `host_bundle` (the same code and the
    same locked wheels, built for this machine) has besides is put next to it; what was deployed is never replaced.
    """
    identity = hashlib.sha256(code)
    identity.update(str(host_bundle).encode())
    place = cache / identity.hexdigest()[:32]
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=cache))
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(workplace)
        if host_bundle is not None:
            _add_missing(host_bundle, workplace)
        _put_in_place(workplace, place)
    return used(place)


def _add_missing(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        copy = target / file.relative_to(source)
        if file.is_file() and "__pycache__" not in file.parts and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def _put_in_place(workplace: Path, place: Path) -> None:
    try:
        os.replace(workplace, place)  # noqa: PTH105  # Path.replace says nothing of directories
    except OSError:
        # Another process was first, with the same content.
        shutil.rmtree(workplace)
        if not place.exists():
            raise
