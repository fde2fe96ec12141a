"""The auditor starts with a whole environment, or says all that is wrong with it."""

import pytest

from services.auditor import wiring
from shared.errors import ConfigurationError

WHOLE = {
    "AUDIT_TABLE_NAME": "audit",
    "AUDIT_QUEUE_URL": "https://sqs/audit",
    "AUDIT_DLQ_URL": "https://sqs/audit-dlq",
    "MAX_RECEIVE_COUNT": "5",
}


def test_a_whole_environment_is_read() -> None:
    assert wiring.Settings.read(WHOLE) == wiring.Settings(
        table_name="audit",
        queue_url="https://sqs/audit",
        dead_letter_url="https://sqs/audit-dlq",
        max_receive_count=5,
    )


@pytest.mark.parametrize("name", WHOLE)
def test_each_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is not set"):
        wiring.Settings.read({key: value for key, value in WHOLE.items() if key != name})


def test_everything_missing_or_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WHOLE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MAX_RECEIVE_COUNT", "five")
    wiring.build.cache_clear()
    with pytest.raises(ConfigurationError) as refused:
        wiring.build()
    assert [problem.split()[0] for problem in refused.value.problems] == list(WHOLE)
