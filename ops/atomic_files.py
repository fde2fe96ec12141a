"""Files that a command writes: whole or not at all, and never over another."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from ops.errors import CommandError, UsageError

# What a disk says that takes no more, or takes nothing any more.
_DISK_REFUSES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that has its name only when the block has ended well, and is on the disk then.

    Raises:
        CommandError: there is a file already, the folder cannot be written to, or the disk does not take all of it.
    """
    check_new(path)
    try:
        # A name has room for 255 bytes.
        partial = NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:50]}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise _closed(path.parent, error.strerror) from error
    try:
        with partial:
            yield partial.file
            partial.file.flush()
            os.fsync(partial.file.fileno())
        # As open() would have made it; a temporary file is its owner's only.
        Path(partial.name).chmod(0o666 & ~_umask())
        _name(Path(partial.name), path)
        keep_name(path)
    except OSError as error:
        if error.errno not in _DISK_REFUSES:
            raise
        raise not_written(path, error) from error
    finally:
        Path(partial.name).unlink(missing_ok=True)


def check_new(path: Path) -> None:
    """Refuse a path at which there is a file already, or whose folder takes none.

    Raises:
        CommandError: there is a file already, or there can be none.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        _check_folder(path.parent)
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): name another file") from error
    else:
        raise _exists(path)


def keep_name(path: Path) -> None:
    """Have a file's name on the disk: one that is there is lost all the same where its folder is not.

    Raises:
        OSError: the disk does not take it.
    """
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        # Some file systems (FUSE, SMB) cannot sync a folder, and need not be asked to.
        if error.errno in _DISK_REFUSES:
            raise
    finally:
        os.close(folder)


def not_written(path: Path, error: OSError) -> CommandError:
    """What a file that the disk does not take fails with."""
    return CommandError(f"{path} cannot be written: {error.strerror or error}")


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


def _exists(path: Path) -> UsageError:
    return UsageError(f"{path} exists already, and is left as it is: name another file")


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise _closed(folder, os.strerror(errno.ENOENT))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _closed(folder, os.strerror(errno.EACCES))


def _closed(folder: Path, why: str | None) -> UsageError:
    return UsageError(f"{folder} cannot be written to ({why}): name another file")


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
