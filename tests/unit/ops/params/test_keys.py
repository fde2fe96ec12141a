"""Keys are filtered by prefix and by glob."""

import pytest

from ops.params.keys import KeyFilter


@pytest.mark.parametrize(
    ("keys", "key", "matches"),
    [
        (KeyFilter(), "any", True),
        (KeyFilter(prefix="in/"), "in/a", True),
        (KeyFilter(prefix="in/"), "In/a", False),
        (KeyFilter(glob="*.csv"), "in/2026/a.csv", True),
        (KeyFilter(glob="*.csv"), "a.CSV", False),
        (KeyFilter(prefix="in/", glob="*.csv"), "out/a.csv", False),
        (KeyFilter(glob="in/[ab]?"), "in/b7", True),
        (KeyFilter(glob="*.csv"), "a\n.csv", True),
    ],
)
def test_keys_are_meant_by_prefix_and_glob(keys: KeyFilter, key: str, matches: bool) -> None:
    assert keys.matches(key) is matches
