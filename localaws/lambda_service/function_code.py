"""Owns a function's code on disk: the deployed zip, made runnable on this machine."""

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from localaws.cache import used


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
        _settle(workplace, place)
    return used(place)


def _add_missing(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        copy = target / file.relative_to(source)
        if file.is_file() and "__pycache__" not in file.parts and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def _settle(workplace: Path, place: Path) -> None:
    try:
        os.replace(workplace, place)  # noqa: PTH105  # Path.replace says nothing of directories
    except OSError:
        # Another process was first, with the same content.
        shutil.rmtree(workplace)
        if not place.exists():
            raise
