"""The picture of `make demo` in the README: its rows are those that the demo prints."""

import html
import io
import re
from typing import Any

from rich.console import Console

from docs.terminal import PICTURE, picture
from localaws.demo.checks import Checked, Uploaded
from localaws.demo.report import ALL_AS_IT_MUST_BE, show_table
from localaws.demo.samples import Sample, samples

_CELL = re.compile(r'<text[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>')
# It depends on the documents that are in it, and time on the machine.
_VARIES = re.compile(r"[\d,]+ (KiB|ms)")


def lines(svg: str) -> list[str]:
    """The words of each line, from top to bottom, without what differs from run to run."""
    rows: dict[float, list[str]] = {}
    for _, y, text in _CELL.findall(svg):
        rows.setdefault(float(y), []).append(html.unescape(text).replace("\N{NO-BREAK SPACE}", " "))
    return [" ".join(_VARIES.sub("", " ".join(rows[y])).split()) for y in sorted(rows)]


def as_it_must_end(sample: Sample) -> dict[str, Any]:
    if sample.copied:
        return {"Outcome": "Copied"}
    return {"Outcome": "Skipped" if sample.copied is None else "Failed", "Reason": sample.reason}


def printed() -> list[str]:
    console = Console(width=84, file=io.StringIO(), force_terminal=True)
    show_table([Checked(Uploaded(sample, ""), as_it_must_end(sample), ()) for sample in samples()], console)
    written = console.file
    assert isinstance(written, io.StringIO)
    return [line.replace(" - ✓", " ✓") for line in lines(picture(written.getvalue())) if "✓" in line]


def test_its_rows_are_those_that_the_demo_prints() -> None:
    assert [line for line in lines(PICTURE.read_text()) if "✓" in line] == printed()


def test_its_verdict_is_that_of_a_demo_in_which_all_was_right() -> None:
    assert " ".join(lines(PICTURE.read_text())).endswith(f"All as it must be: {ALL_AS_IT_MUST_BE}")


def test_it_needs_nothing_from_elsewhere_and_names_no_path_of_a_machine() -> None:
    svg = PICTURE.read_text()
    assert "url(" not in svg.replace("url(#", "")
    assert "python3" not in svg
