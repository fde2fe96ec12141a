"""The build cache: where the project is, and the directories there that may be thrown away."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "localaws"

# Enough that no running process loses what it uses; each is some 30 MB.
_KEPT = 16


def used(place: Path) -> Path:
    """Note that a cached directory is in use; those beside it that were not for the longest time are removed."""
    place.touch()
    others = (path for path in place.parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    for path in sorted(others, key=_last_used, reverse=True)[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
    return place


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        # Another process removed it first.
        return 0.0
