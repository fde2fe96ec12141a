"""Environments extend one another down to cdk.json, and every mistake is told with its file."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.environments import read_environment
from infra.settings.stack import Settings
from shared.errors import ConfigurationError

BASE: dict[str, Any] = {
    "stackName": "shipped",
    "buckets": {"source": {"name": "shipped-uploads", "versioned": True}, "destination": {"name": "shipped-copies"}},
    "routes": [{"from": "source", "to": "destination", "prefixes": ["in/", "also/"]}],
    "copier": {"functionName": "shipped-copier", "memoryMb": 3000},
    "logLevel": "DEBUG",
}


class Checkout:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "environments").mkdir()

    def write(self, name: str, content: Any) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        (self.root / "environments" / f"{name}.json").write_text(text)

    def read(self, name: str, base: object = BASE) -> Settings:
        return read_environment(name, self.root, base)

    def problems(self, name: str, base: object = BASE) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            self.read(name, base)
        return caught.value.problems


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_an_environment_is_cdk_json_with_its_own_settings_on_top(checkout: Checkout) -> None:
    checkout.write("staging", {"stackName": "staging", "buckets": {"source": {"name": "staging-uploads"}}})
    settings = checkout.read("staging")
    assert settings.stack_name == "staging"
    assert settings.buckets["source"].name == "staging-uploads"
    assert settings.buckets["source"].versioned
    assert settings.buckets["destination"].name == "shipped-copies"
    assert (settings.copier.memory_mb, settings.log_level) == (3000, "DEBUG")


def test_one_extends_another_and_the_nearest_wins(checkout: Checkout) -> None:
    checkout.write("production", {"stackName": "production", "logLevel": "ERROR", "logRetentionDays": 365})
    checkout.write("staging", {"extends": "production", "stackName": "staging", "logLevel": "INFO"})
    checkout.write("qa", {"extends": "staging", "stackName": "qa"})
    settings = checkout.read("qa")
    assert (settings.stack_name, settings.log_level, settings.log_retention_days) == ("qa", "INFO", 365)


def test_lists_are_replaced_and_null_takes_back_to_the_default(checkout: Checkout) -> None:
    route = {"from": "source", "to": "destination", "prefixes": ["new/"]}
    named_by_nobody = {"source": {"name": None}, "destination": {"name": None}}
    checkout.write(
        "staging",
        {
            "stackName": "staging",
            "routes": [route],
            "buckets": named_by_nobody,
            "copier": {"functionName": None},
            "logLevel": None,
        },
    )
    settings = checkout.read("staging")
    assert settings.routes[0].prefixes == ("new/",)
    assert {bucket.name for bucket in settings.buckets.values()} == {None}
    assert (settings.copier.function_name, settings.copier.memory_mb, settings.log_level) == (None, 3000, "INFO")


def test_null_takes_a_whole_bucket_out(checkout: Checkout) -> None:
    base = {"buckets": {"source": {}, "destination": {}, "third": {}}, "stackName": "all"}
    checkout.write("staging", {"stackName": "staging", "buckets": {"third": None}})
    assert checkout.read("staging", base).buckets.keys() == {"source", "destination"}


def test_every_problem_is_told_with_the_file_that_it_is_in(checkout: Checkout) -> None:
    base = BASE | {"logLevel": "LOUD"}
    checkout.write("production", {"stackName": "production", "copier": {"timeoutSeconds": 1}})
    checkout.write("staging", {"extends": "production", "stackName": "staging", "copier": {"memoryMb": 1}, "wrong": 1})
    assert sorted(problem.split(" ", 2)[:2] for problem in checkout.problems("staging", base)) == [
        ["cdk.json:", "copytrail.logLevel"],
        ["environments/production.json:", "copytrail.copier.timeoutSeconds"],
        ["environments/staging.json:", "copytrail.copier.memoryMb"],
        ["environments/staging.json:", "copytrail.wrong"],
    ]


def test_a_problem_in_a_list_is_told_with_the_file_that_has_the_list(checkout: Checkout) -> None:
    checkout.write("staging", {"stackName": "staging", "routes": [{"from": "source", "to": "nowhere"}]})
    assert {problem.split(":")[0] for problem in checkout.problems("staging") if "routes[0]" in problem} == {
        "environments/staging.json"
    }


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "ENV is 'staging', and there is no environments/staging.json; environments that are there: none"),
        (
            {"staging": {"extends": "prod"}, "production": {}},
            (
                "environments/staging.json extends 'prod', and there is no environments/prod.json;"
                " environments that are there: production, staging"
            ),
        ),
        (
            {"staging": {"extends": "qa"}, "qa": {"extends": "staging"}},
            "environments/qa.json: environments extend one another in a circle: staging → qa → staging",
        ),
        (
            {"staging": {"extends": "staging"}},
            "environments/staging.json: environments extend one another in a circle: staging → staging",
        ),
        ({"staging": []}, "environments/staging.json must be a JSON object, of settings"),
        ({"staging": {"extends": 1}}, "environments/staging.json: extends must be the name of an environment, a text"),
        (
            {"staging": {"extends": "../cdk"}},
            (
                "environments/staging.json extends '../cdk': an environment's name is letters, digits, hyphens and"
                " underscores"
            ),
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_with_its_path(
    checkout: Checkout, files: dict[str, Any], says: str
) -> None:
    for name, content in files.items():
        checkout.write(name, content)
    assert checkout.problems("staging") == [says]


def test_broken_json_is_told_with_file_line_and_column(checkout: Checkout) -> None:
    checkout.write("staging", '{\n  "stackName": staging\n}')
    [problem] = checkout.problems("staging")
    assert problem.startswith("environments/staging.json cannot be read: ")
    assert "line 2 column 16" in problem


def test_two_environments_of_one_stack_name_are_refused(checkout: Checkout) -> None:
    checkout.write("production", {"stackName": "production"})
    checkout.write("staging", {"extends": "production"})
    checkout.write("broken", "{")
    [problem] = checkout.problems("staging")
    assert problem.startswith(
        "environments/staging.json: copytrail.stackName is 'production', as that of environments/production.json is"
    )
    checkout.write("alike", {})
    assert "as that of cdk.json is" in checkout.problems("alike")[0]


def test_the_stack_name_that_nobody_gives_counts_too(checkout: Checkout) -> None:
    checkout.write("staging", {})
    assert "as that of cdk.json is" in checkout.problems("staging", {})[0]
