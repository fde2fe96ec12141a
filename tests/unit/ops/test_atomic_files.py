"""A file is there whole, or not at all."""

import errno
import os
from pathlib import Path

import pytest

from ops.atomic_files import check_new, new_file
from ops.errors import CommandError


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with new_file(path) as file:
        file.write(b"some")
        assert not path.exists()

    assert path.read_bytes() == b"some"
    assert names(tmp_path) == ["out.csv"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def break_off() -> None:
        with new_file(tmp_path / "out.csv") as file:
            file.write(b"some")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()

    assert names(tmp_path) == []


def no_links(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "hardlink_to", no_links)
    with new_file(tmp_path / "out.csv") as file:
        file.write(b"some")

    assert names(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_file_that_is_there_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, links: bool
) -> None:
    path = tmp_path / "out.csv"
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", no_links)
    if when == "before":
        path.write_text("kept")

    with pytest.raises(CommandError, match=r"out\.csv exists already, and is left as it is"), new_file(path):
        path.write_text("kept")

    assert path.read_text() == "kept"
    assert names(tmp_path) == ["out.csv"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nowhere cannot be written to"), new_file(tmp_path / "nowhere" / "out.csv"):
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG])
@pytest.mark.parametrize("where", ["write", "fsync"])
def test_a_disk_that_takes_no_more_is_told_of_by_the_files_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, where: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    def write() -> None:
        with new_file(tmp_path / "out.csv") as file:
            monkeypatch.setattr(os, "fsync", refuse)
            if where == "write":
                refuse()
            file.write(b"some")

    with pytest.raises(CommandError, match=rf"out\.csv cannot be written: {os.strerror(number)}"):
        write()
    assert names(tmp_path) == []


def test_an_error_of_something_else_is_not_the_files(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), new_file(tmp_path / "out.csv"):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_name_that_no_file_can_have_is_told_of_before(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="File name too long"):
        check_new(tmp_path / ("x" * 300))
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CommandError, match="exists already"):
        check_new(tmp_path / "dangling")


def test_a_long_name_has_room_for_what_it_is_called_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 250)
    with new_file(path) as file:
        file.write(b"some")
    assert path.read_bytes() == b"some"


def test_a_folder_that_may_not_be_written_to_is_told_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(CommandError, match=r"cannot be written to \(Permission denied\)"):
        check_new(tmp_path / "out.csv")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
