"""Owns files that a command writes: whole or not at all, and never over another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from ops.failures import Misconfigured


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that has its name only when the block has ended well, and is on the disk then.

    Raises:
        Failure: there is a file already, or the folder cannot be written to.
    """
    check_new(path)
    try:
        partial = NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115 - see finally
    except OSError as error:
        raise Misconfigured(f"{path.parent} cannot be written to ({error.strerror}): name another file") from error
    try:
        with partial:
            yield partial.file
            partial.file.flush()
            os.fsync(partial.file.fileno())
        # As open() would have made it; a temporary file is its owner's only.
        Path(partial.name).chmod(0o666 & ~_umask())
        _name(Path(partial.name), path)
    finally:
        Path(partial.name).unlink(missing_ok=True)


def check_new(path: Path) -> None:
    """Let a path pass at which there is nothing yet.

    Raises:
        Failure: there is a file already.
    """
    if path.exists():
        raise _exists(path)


def _name(partial: Path, path: Path) -> None:
    try:
        # Unlike a rename, a link never takes the place of a file that came meanwhile.
        path.hardlink_to(partial)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:
        # Some file systems know no links.
        check_new(path)
        partial.rename(path)


def _exists(path: Path) -> Misconfigured:
    return Misconfigured(f"{path} exists already, and is left as it is: name another file")


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
