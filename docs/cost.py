"""The writer of the tables in `docs/cost.md`: each stands between `<!-- table: NAME -->` and `<!-- end -->`."""

import re
from collections.abc import Mapping
from pathlib import Path

from benchmarks.cost.tables import tables

PAGE = Path(__file__).with_suffix(".md")

_TABLE = re.compile(r"(<!-- table: (?P<name>[a-z]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)


def page(text: str, written: Mapping[str, str]) -> str:
    """The page with its tables as they are now.

    Raises:
        KeyError: a table has no such name.
    """
    return _TABLE.sub(lambda found: f"{found[1]}\n{written[found['name']]}\n{found[3]}", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(), tables()))
