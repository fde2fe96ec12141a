"""The question before something is changed."""

import sys

import click
import pytest

from ops.errors import UsageError
from ops.terminal.prompts import confirm


@pytest.mark.parametrize(("answer", "told"), [(False, "nothing was done\n"), (True, "")])
def test_who_says_no_is_told_that_nothing_was_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: bool, told: str
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: answer)

    assert confirm("Replay 1 letter?", yes=False) is answer
    assert capsys.readouterr().err == told


def test_with_nobody_to_ask_it_says_what_to_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert confirm("Replay 1 letter?", yes=True)
    with pytest.raises(UsageError, match="there is nobody to ask: add --yes"):
        confirm("Replay 1 letter?", yes=False)
