"""What is under way on a terminal."""

import pytest
from rich.console import Console

from ops.terminal import progress


def test_a_title_that_holds_markup_and_control_characters_is_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "Console", lambda **_: Console(stderr=True, force_terminal=True, width=80))
    with progress.waiting("Following s3://bucket/[/red]\x1b[2J"):
        pass
    assert "Following s3://bucket/[/red]\\x1b[2J" in capsys.readouterr().err
