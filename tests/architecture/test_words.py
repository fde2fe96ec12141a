"""Words that the glossary has retired do not live on in names, nor in what is printed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_imports import OURS, ROOT, relative, sources

# Each retired word in all its forms, and where it may stand nevertheless: a file, or a whole name or text.
RETIRED: dict[str, tuple[str, ...]] = {
    "bury": (),
    "buried": (),
    "buries": (),
}


def words_of(text: str) -> set[str]:
    """The words of a name in snake_case or CamelCase, or of a sentence, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)}


def names_and_texts(source: str) -> Iterator[str]:
    """Every identifier of a file, and every text in it that is no docstring."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
        for field in ("id", "name", "attr", "arg", "asname"):
            if isinstance(name := getattr(node, field, None), str):
                yield name


def survivors(path: Path) -> list[str]:
    """`file: word in name` for each retired word that lives on in a file, or in the file's own name."""
    found = dict.fromkeys([path.stem, *names_and_texts(path.read_text())])
    return [
        f"{relative(path)}: {word} in {text}"
        for text in found
        for word in sorted(words_of(text) & RETIRED.keys())
        if relative(path) not in RETIRED[word] and text not in RETIRED[word]
    ]


def test_no_retired_word_lives_on_in_a_name_or_in_what_is_printed() -> None:
    assert [survivor for path in sources(*OURS) for survivor in survivors(path)] == []


@pytest.mark.parametrize(
    "text",
    ["bury", "x._is_buried", "class Bury: ...", "BURIED = 1", "x = 'we bury it'", "x = f'{x} is buried'", "x(bury=1)"],
)
def test_every_form_of_a_retired_word_would_be_found(text: str) -> None:
    assert any(words_of(name) & RETIRED.keys() for name in names_and_texts(f"{text}\n"))


def test_an_exception_that_nobody_needs_any_more_would_be_found() -> None:
    excepted = [place for places in RETIRED.values() for place in places if place.endswith(".py")]

    assert [place for place in excepted if not (ROOT / place).is_file()] == []
