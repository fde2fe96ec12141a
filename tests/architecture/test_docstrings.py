"""A module's docstring says what the module is."""

import ast

from tests.architecture.test_imports import OURS, relative, sources


def test_a_modules_docstring_opens_with_what_it_is() -> None:
    opening = {
        relative(path): ast.get_docstring(ast.parse(path.read_text())) or "" for path in sources(*OURS, "docs", "tests")
    }

    assert [path for path, text in opening.items() if not text or text.startswith(("Owns", "FIXME"))] == []
