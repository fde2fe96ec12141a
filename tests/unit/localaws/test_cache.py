"""The cache of what is costly to make: what was not used for the longest time goes."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localaws.cache import cached


def test_what_was_not_used_for_the_longest_time_is_removed(tmp_path: Path) -> None:
    for age in range(20):
        directory = tmp_path / f"{age:02}"
        directory.mkdir()
        os.utime(directory, (1_000_000 - age, 1_000_000 - age))
    oldest = tmp_path / "19"
    assert cached(oldest, lambda _: pytest.fail("it is there")) == oldest
    assert sorted(path.name for path in tmp_path.iterdir()) == [*(f"{age:02}" for age in range(15)), "19"]


def test_what_several_ask_for_at_the_same_time_is_built_once(tmp_path: Path) -> None:
    built: list[Path] = []

    def build(workplace: Path) -> None:
        built.append(workplace)
        time.sleep(0.05)
        (workplace / "file").write_text("whole")

    with ThreadPoolExecutor(4) as threads:
        places = list(threads.map(lambda _: cached(tmp_path / "place", build), range(4)))

    assert {place / "file" for place in places} == {tmp_path / "place" / "file"}
    assert (tmp_path / "place" / "file").read_text() == "whole"
    assert len(built) == 1


def test_a_build_that_fails_leaves_nothing_and_the_next_one_begins_anew(tmp_path: Path) -> None:
    def build(workplace: Path) -> None:
        (workplace / "half").touch()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        cached(tmp_path / "place", build)

    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    assert cached(tmp_path / "place", lambda workplace: (workplace / "whole").touch()) == tmp_path / "place"
