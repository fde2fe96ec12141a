"""A file is there whole, or not at all."""

import os
from pathlib import Path

import pytest

from ops.failures import Failure
from ops.new_files import new_file


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

    with pytest.raises(Failure, match=r"out\.csv exists already, and is left as it is"), new_file(path):
        path.write_text("kept")

    assert path.read_text() == "kept"
    assert names(tmp_path) == ["out.csv"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="nowhere cannot be written to"), new_file(tmp_path / "nowhere" / "out.csv"):
        pass


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
