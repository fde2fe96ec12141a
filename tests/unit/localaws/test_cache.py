"""The cache of what is costly to make: what was not used for the longest time goes."""

import os
from pathlib import Path

from localaws.cache import used


def test_what_was_not_used_for_the_longest_time_is_removed(tmp_path: Path) -> None:
    for age in range(20):
        directory = tmp_path / f"{age:02}"
        directory.mkdir()
        os.utime(directory, (1_000_000 - age, 1_000_000 - age))
    oldest = tmp_path / "19"
    assert used(oldest) == oldest
    assert sorted(path.name for path in tmp_path.iterdir()) == [*(f"{age:02}" for age in range(15)), "19"]
