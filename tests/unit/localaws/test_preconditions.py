"""AWS profiles and accounts of the person who runs the embedded AWS are in nobody's way."""

import os

import boto3
import pytest

from localaws.preconditions import forget_accounts


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the test may change."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


@pytest.mark.usefixtures("environment")
def test_a_profile_that_does_not_exist_is_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
    forget_accounts()
    session = boto3.Session()
    assert session.profile_name == "default"
    assert session.region_name is None
