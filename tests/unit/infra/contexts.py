"""Context objects of cdk.json, and the problems that are found in them."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.validation import read_settings
from shared.errors import ConfigurationError

BOTH: Mapping[str, Any] = {"source": {}, "destination": {}}
ROUTE = {"from": "source", "to": "destination"}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"


def problems(context: object) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(context)
    return caught.value.problems


def only_problem(context: Mapping[str, Any]) -> str:
    (problem,) = problems(context)
    return problem


def with_route(**keys: Any) -> Mapping[str, Any]:
    return {"routes": [ROUTE | keys]}
