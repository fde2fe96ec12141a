"""Who installs `copytrail[local]` has what a checkout has, to run the demo with."""

import tomllib
from pathlib import Path

PYPROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())


def test_the_extra_has_what_the_groups_of_a_checkout_have() -> None:
    groups = PYPROJECT["dependency-groups"]
    needed = {each for name in ("functions", "runtime", "infra", "localaws") for each in groups[name]}
    always = set(PYPROJECT["project"]["dependencies"])
    assert set(PYPROJECT["project"]["optional-dependencies"]["local"]) == needed - always
