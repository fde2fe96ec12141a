"""A wrong environment is reported whole."""

import pytest

from shared.errors import ConfigurationError
from shared.lambda_runtime.environment import Environment
from shared.routes import Route


def test_right_variables_are_read_as_what_they_are() -> None:
    with Environment(
        {"NAME": "x", "COUNT": "5", "ROUTES": '[{"sourceBucket": "in", "destinationBucket": "out"}]'}
    ) as environment:
        assert environment.text("NAME") == "x"
        assert environment.integer("COUNT", minimum=1, maximum=5) == 5
        assert environment.json("ROUTES", tuple[Route, ...]) == (Route(source_bucket="in", destination_bucket="out"),)


def test_every_problem_is_named_at_once() -> None:
    def read() -> None:
        with Environment(
            {"EMPTY": "", "COUNT": "6", "HALF": "1.5", "ROUTES": '[{"sourceBucket": 1}]', "JSON": "{"}
        ) as environment:
            environment.text("EMPTY")
            environment.text("ABSENT")
            environment.integer("COUNT", minimum=1, maximum=5)
            environment.integer("HALF", minimum=1, maximum=5)
            environment.json("ROUTES", tuple[Route, ...])
            environment.json("JSON", dict[str, str])

    with pytest.raises(ConfigurationError) as raised:
        read()

    assert raised.value.problems == [
        "EMPTY is not set",
        "ABSENT is not set",
        "COUNT is wrong: '6' is not a whole number from 1 to 5",
        "HALF is wrong: '1.5' is not a whole number from 1 to 5",
        "ROUTES is wrong: Expected `str`, got `int` - at `$[0].sourceBucket`",
        "JSON is wrong: Input data was truncated",
    ]


def test_another_error_inside_the_block_is_not_hidden() -> None:
    def read() -> None:
        with Environment({}) as environment:
            environment.text("ABSENT")
            raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        read()
