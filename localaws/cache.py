"""The build cache: directories that are built once for all processes, and thrown away when long unused."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "localaws"

# Enough that no running process loses what it uses; each is some 30 MB.
_MOST_DIRECTORIES = 16


def cached(place: Path, build: Callable[[Path], None]) -> Path:
    """The directory `place`, filled by `build` where it is not there yet; others wait meanwhile.

    Of the directories beside it, those that were not used for the longest time are removed.
    """
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.with_name(f"{place.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.exists():
                _fill(place, build)
    place.touch()
    others = (path for path in place.parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    for path in sorted(others, key=_last_used, reverse=True)[_MOST_DIRECTORIES:]:
        shutil.rmtree(path, ignore_errors=True)
    return place


def _fill(place: Path, build: Callable[[Path], None]) -> None:
    workplace = Path(tempfile.mkdtemp(prefix=".building-", dir=place.parent))
    try:
        build(workplace)
        workplace.rename(place)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        # Another process removed it first.
        return 0.0
