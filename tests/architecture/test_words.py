"""Words that the glossary has retired do not live on in names, nor in what is printed."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.architecture.test_imports import OURS, relative, sources

# Each retired word, the word to use instead, and the folders and files where it is somebody else's word.
Words = Mapping[str, tuple[str, tuple[str, ...]]]

# In names and in texts.
RETIRED: Words = {
    **dict.fromkeys(("bury", "buried", "buries"), ("dead-letter", ())),
    **dict.fromkeys(("conclude", "concludes", "concluded"), ("publish", ())),
    **dict.fromkeys(("stretch", "stretches"), ("key range, shard", ())),
    **dict.fromkeys(("journey", "journeys"), ("outcome, copy", ())),
    **dict.fromkeys(("wish", "wishes"), ("request, preview", ())),
    **dict.fromkeys(("deed", "deeds"), ("apply", ())),
    **dict.fromkeys(("settle", "settles", "settled", "settling"), ("place, publish, finish", ())),
    "currency": ("freshness", ()),
    "eyes": ("sweep, snapshot", ()),
    "acting": ("apply", ()),
    "previewing": ("preview", ()),
}
# In names only: in a sentence, they are plain English.
RETIRED_IN_NAMES: Words = {
    # One looks up a record, or what a record says of an operation.
    **dict.fromkeys(
        ("look", "looks", "looked", "looking"), ("sweep, snapshot, preview", ("ops/dlq/letter.py", "ops/dlq/replay.py"))
    ),
    "wanted": ("freshness, filter", ()),
    "kept": ("cache, spool file", ()),
    "rounds": ("attempts", ()),
    # An event source mapping that is disabled.
    "pause": ("delay", ("localaws/lambda_service",)),
}


def words_of(text: str) -> set[str]:
    """The words of a name in snake_case or CamelCase, or of a sentence, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)}


def names(tree: ast.Module) -> Iterator[str]:
    """Every identifier of a file."""
    for node in ast.walk(tree):
        for field in ("id", "name", "attr", "arg", "asname"):
            if isinstance(name := getattr(node, field, None), str):
                yield name


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text of a file that is no docstring."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def survivors(path: Path) -> list[str]:
    """`file: word in name` for each retired word that lives on in a file, or in the file's own name."""
    tree = ast.parse(path.read_text())
    named, printed = {path.stem, *names(tree)}, set(texts(tree))
    return [
        f"{relative(path)}: {word} in {text!r}; say {instead}"
        for retired, places in ((RETIRED, named | printed), (RETIRED_IN_NAMES, named))
        for text in sorted(places)
        for word in sorted(words_of(text) & retired.keys())
        for instead, allowed in [retired[word]]
        if not relative(path).startswith(allowed)
    ]


def test_no_retired_word_lives_on_in_a_name_or_in_what_is_printed() -> None:
    assert [survivor for path in sources(*OURS) for survivor in survivors(path)] == []


@pytest.mark.parametrize(
    "line",
    ["bury", "x._is_buried", "class Bury: ...", "BURIED = 1", "x = 'we bury it'", "x = f'{x} is buried'", "x(bury=1)"],
)
def test_every_form_of_a_retired_word_would_be_found(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.architecture.test_imports.ROOT", tmp_path)
    (tmp_path / "new.py").write_text(line)

    assert survivors(tmp_path / "new.py")
