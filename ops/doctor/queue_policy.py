"""Reading of a queue's policy: whether it lets an EventBridge rule send to the queue."""

import json
import re
from collections.abc import Mapping
from typing import Any

_SERVICE = "events.amazonaws.com"
_ACTION = "sqs:SendMessage"
# What EventBridge says of itself when it sends ("Amazon SQS permissions", EventBridge user guide).
_RULE = "aws:sourcearn"
_COMPARED_WITH_PATTERN = {"ArnLike", "ArnEquals", "StringLike"}


def lets_in(policy: str | None, *, queue_arn: str, rule_arn: str) -> bool:
    """Whether a statement allows it and none denies it.

    A statement that allows under a condition on anything but the rule's ARN or its account is not counted on; one that
    denies counts where it has no condition, or one on the rule's ARN.
    """
    statements = _listed(json.loads(policy).get("Statement", [])) if policy else []
    concerned = [each for each in statements if _is_about(each, queue_arn)]
    return any(each.get("Effect") == "Allow" and _conditions_hold(each, rule_arn) for each in concerned) and not any(
        each.get("Effect") == "Deny" and _denies(each, rule_arn) for each in concerned
    )


def _is_about(statement: Mapping[str, Any], queue_arn: str) -> bool:
    return (
        _names_eventbridge(statement.get("Principal"))
        and any(_fits(_ACTION.lower(), action.lower()) for action in _listed(statement.get("Action", [])))
        and any(_fits(queue_arn, resource) for resource in _listed(statement.get("Resource", "*")))
    )


def _names_eventbridge(principal: Any) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return "*" in _listed(principal.get("AWS", [])) or _SERVICE in _listed(principal.get("Service", []))


def _conditions_hold(statement: Mapping[str, Any], rule_arn: str) -> bool:
    return all(
        _holds(operator, key, _listed(values), rule_arn)
        for operator, tests in statement.get("Condition", {}).items()
        for key, values in tests.items()
    )


def _denies(statement: Mapping[str, Any], rule_arn: str) -> bool:
    keys = {key.lower() for tests in statement.get("Condition", {}).values() for key in tests}
    return keys <= {_RULE} and _conditions_hold(statement, rule_arn)


def _holds(operator: str, key: str, values: list[str], rule_arn: str) -> bool:
    if key.lower() == _RULE and operator in _COMPARED_WITH_PATTERN:
        return any(_fits(rule_arn, value) for value in values)
    if key.lower() == _RULE and operator == "StringEquals":
        return rule_arn in values
    if key.lower() == "aws:sourceaccount" and operator in {"StringEquals", "StringLike"}:
        return any(_fits(rule_arn.split(":")[4], value) for value in values)
    return False


def _fits(text: str, pattern: str) -> bool:
    """Whether a policy's pattern, with `*` and `?`, is like the text."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
