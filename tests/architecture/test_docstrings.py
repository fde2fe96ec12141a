"""A module's docstring says what the module is."""

import ast

import pytest

from tests.architecture.test_imports import relative, sources

# Whose docstrings say so by now; the end is OURS.
THROUGH = (
    *("shared", "services", "infra", "ops/audit", "ops/aws", "ops/dlq", "ops/params", "ops/terminal"),
    *("tests/architecture", "tests/infra", "tests/unit/auditor", "tests/unit/shared"),
)


@pytest.mark.parametrize("folder", THROUGH)
def test_a_modules_docstring_opens_with_what_it_is(folder: str) -> None:
    opening = {relative(path): ast.get_docstring(ast.parse(path.read_text())) or "" for path in sources(folder)}

    assert [path for path, text in opening.items() if not text or text.startswith(("Owns", "FIXME"))] == []
