"""The values of Enum members, read from the syntax trees: what they are differs between Pythons.

Python 3.11.0 to 3.11.2 gives a member whose value is `()` a bare object() instead; a `functools.partial` is a member up
to 3.13 and a method from 3.14 on; a tuple is what is passed to the mixed-in type. A constant is the same everywhere.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.test_imports import OURS, sources


def odd_members(source: str) -> list[str]:
    """`Class.MEMBER` for each member of an Enum whose value is neither a text nor a number that is written out."""
    return [
        f"{node.name}.{name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and any(_is_enum(base) for base in node.bases)
        for name, value in _members(node)
        if not _is_constant(value)
    ]


def _is_enum(base: ast.expr) -> bool:
    name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    return name.endswith(("Enum", "Flag"))


def _members(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if not ast.unparse(target).startswith("_"):
                    yield ast.unparse(target), statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            yield ast.unparse(statement.target), statement.value


def _is_constant(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str | int) and value.value != ""


def test_the_value_of_an_enum_member_is_a_text_or_a_number() -> None:
    paths = list(sources(*OURS, "tests", "docs"))
    assert [(path, member) for path in paths for member in odd_members(path.read_text())] == []


@pytest.mark.parametrize(
    "value", ["()", "('a',)", "[]", "{}", "''", "None", "object()", "partial(int)", "b''", "OTHER"]
)
def test_every_other_value_would_be_found(value: str) -> None:
    assert odd_members(f"class Odd(enum.Enum):\n    MEMBER = {value}\n") == ["Odd.MEMBER"]
    assert odd_members(f"class Odd(str, Enum):\n    MEMBER: str = {value}\n") == ["Odd.MEMBER"]
