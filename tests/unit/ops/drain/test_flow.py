"""A mapping is switched when Lambda takes a change, which it does not while one is under way."""

from unittest.mock import Mock

import pytest

from ops.drain.flow import Mapping


@pytest.mark.parametrize(
    ("states", "enabled", "updates"),
    [
        (["Enabled"], True, 0),
        (["Enabling", "Enabled"], True, 0),
        (["Disabled", "Enabling", "Enabling", "Enabled"], True, 1),
        (["Disabling", "Disabled", "Enabled"], True, 1),
        (["Updating", "Enabled", "Disabling", "Disabled"], False, 1),
    ],
)
def test_a_change_waits_for_the_one_before_it(
    monkeypatch: pytest.MonkeyPatch, states: list[str], enabled: bool, updates: int
) -> None:
    monkeypatch.setattr("ops.drain.flow.time.sleep", lambda _: None)
    client = Mock()
    client.get_event_source_mapping.side_effect = [{"State": state} for state in states]
    Mapping("id", client).switch(enabled=enabled)
    assert client.update_event_source_mapping.call_count == updates
    assert client.get_event_source_mapping.call_count == len(states)
