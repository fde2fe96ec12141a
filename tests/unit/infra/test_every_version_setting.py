"""What `versions: every` asks of buckets and routes is said at synth."""

from typing import Any

import pytest

from infra.validation import read_settings
from shared.errors import ConfigurationError

VERSIONED = {"versioned": True}
EXISTING = {"existing": True, "name": "already-there"}


def a_context(source: dict[str, Any], destination: dict[str, Any], **route: Any) -> dict[str, Any]:
    return {
        "buckets": {"source": source, "destination": destination},
        "routes": [{"from": "source", "to": "destination", **route}],
    }


@pytest.mark.parametrize("source", [VERSIONED, EXISTING])
def test_every_version_goes_between_buckets_that_keep_versions(source: dict[str, Any]) -> None:
    [route] = read_settings(a_context(source, VERSIONED, versions="every")).routes

    assert route.versions == "every"


@pytest.mark.parametrize("value", [{}, {"versions": "newest"}])
def test_the_newest_version_is_what_goes_over_otherwise(value: dict[str, Any]) -> None:
    [route] = read_settings(a_context({}, {}, **value)).routes

    assert route.versions == "newest"


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        (a_context({}, VERSIONED, versions="every"), "'source' is not versioned"),
        (a_context(VERSIONED, {}, versions="every"), "'destination' is not versioned"),
        (a_context(VERSIONED, VERSIONED, versions="every", deletes=True), "do not go together"),
        (a_context(VERSIONED, VERSIONED, versions="all"), "must be one of newest, every"),
    ],
)
def test_what_cannot_keep_every_version_is_refused(context: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        read_settings(context)
