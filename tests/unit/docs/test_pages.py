"""The Markdown pages: each link, anchor, path, test and command that they name is there."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from docs.cli import walk
from infra.bundling import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
# What `make docs` writes is compared with the commands in a test of its own.
WRITTEN_BY_HAND = [page for page in PAGES if page.name != "cli.md"]

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_FOLDERS = "benchmarks|docs|infra|localaws|ops|services|shared|tests|[.]ci|[.]github"
_PATH = re.compile(rf"(?:{_FOLDERS})/[\w./-]*")
_TEST = re.compile(r"(?:([\w./-]+\.py)|…)::(\w+)")
_COMMAND = re.compile(r"^(?:\$ )?(?:[.]venv/bin/)?copytrail +(.+)")

# Private words that puzzled readers. *Letter* is said to be short for a dead-lettered message where it is used.
_RETIRED = re.compile(
    r"customer's|\bALIAS\b|\bin hand\b|\bthat bites?\b|\bjourneys?\b|\bthe look\b|\bfirst design\b|(?<!-)\bletters?\b",
    re.I,
)
_LETTERS = ("CONTRIBUTING.md", "operating.md")


def anchors(page: Path) -> set[str]:
    """The fragments that GitHub gives the headings of a page: letters, digits, - and _, spaces as -."""
    texts = [heading.replace("`", "").lower() for heading in _HEADING.findall(_FENCE.sub("", page.read_text()))]
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts}


def code(page: Path) -> Iterator[str]:
    """What stands between backticks, and the lines of code blocks."""
    text = page.read_text()
    for block in _FENCE.findall(text):
        yield from block.splitlines()[1:-1]
    yield from _CODE.findall(_FENCE.sub("", text))


@cache
def commands() -> dict[str, tuple[click.Command, click.Context]]:
    return {path: (command, context) for path, command, context in walk()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        place, _, fragment = link.partition("#")
        if not re.match(r"https?:", place):
            target = (page.parent / place).resolve() if place else page
            assert target.exists(), link
            assert not fragment or fragment in anchors(target), link


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=lambda page: page.name)
def test_every_path_of_the_repository_is_there(page: Path) -> None:
    named = {path for piece in code(page) for path in _PATH.findall(piece) if piece.startswith(path)}
    # ops/NAME/commands.py stands for any such file.
    missing = {path for path in named if "NAME" not in path and not (ROOT / path).exists()}
    assert missing == set()


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=lambda page: page.name)
def test_every_test_that_is_named_is_there(page: Path) -> None:
    file = ""
    for named, test in _TEST.findall(page.read_text()):
        file = named or file
        found = [path.read_text() for path in (ROOT / "tests").rglob(Path(file).name) if str(path).endswith(file)]
        assert re.search(rf"^ *def {test}\(", "\n".join(found), re.MULTILINE), f"{file}::{test}"


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=lambda page: page.name)
def test_every_command_and_option_can_be_typed(page: Path) -> None:
    for typed in (typed for piece in code(page) for typed in _COMMAND.findall(piece.partition(" #")[0])):
        assert unknown_words(typed.split()) == [], typed


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=lambda page: page.name)
def test_no_page_uses_a_word_that_only_its_authors_understand(page: Path) -> None:
    prose = _CODE.sub("", _FENCE.sub("", page.read_text()))
    found = {word.lower() for word in _RETIRED.findall(prose)}
    assert found - ({"letter", "letters"} if page.name in _LETTERS else set()) == set()


def unknown_words(words: list[str]) -> list[str]:
    """The words that no command and no option of `copytrail` has, up to a pipe."""
    path, unknown = "copytrail", []
    known = _options(*commands()[path])
    for word in words:
        if word in {"|", "…"}:
            break
        if f"{path} {word}" in commands():
            path = f"{path} {word}"
            known |= _options(*commands()[path])
        elif word.startswith("-"):
            unknown += [word] if word.partition("=")[0] not in known else []
        elif isinstance(commands()[path][0], click.Group) and word.islower():
            unknown.append(word)
    return unknown


def _options(command: click.Command, context: click.Context) -> set[str]:
    return {name for option in command.get_params(context) for name in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize(
    ("typed", "unknown"),
    [
        ("dlq ls --reason AccessDenied", []),
        ("--stack NAME audit list --json", []),
        ("dlq look", ["look"]),
        ("audit list --before 1h", ["--before"]),
        ("status | jq", []),
    ],
)
def test_a_command_or_option_that_is_not_there_would_be_found(typed: str, unknown: list[str]) -> None:
    assert unknown_words(typed.split()) == unknown
