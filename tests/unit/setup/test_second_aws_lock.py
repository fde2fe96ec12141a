"""ministack and all that it needs are pinned, each by its hash, and come from the public index."""

import re
import tomllib

from infra.bundling import ROOT

EMULATOR = ROOT / "tests" / "second_aws" / "emulator.py"
LOCK = tomllib.loads(EMULATOR.with_name("emulator.py.lock").read_text())


def test_the_lock_is_that_of_the_program() -> None:
    [(name, version)] = re.findall(r'^# dependencies = \["([\w-]+)==([\d.]+)"\]$', EMULATOR.read_text(), re.MULTILINE)
    assert LOCK["manifest"] == {"requirements": [{"name": name, "specifier": f"=={version}"}]}
    assert [package["version"] for package in LOCK["package"] if package["name"] == name] == [version]


def test_each_package_has_wheels_whose_hashes_are_pinned() -> None:
    for package in LOCK["package"]:
        assert package["source"] == {"registry": "https://pypi.org/simple"}
        assert package["wheels"]
        assert all(wheel["hash"].startswith("sha256:") for wheel in package["wheels"]), package["name"]
