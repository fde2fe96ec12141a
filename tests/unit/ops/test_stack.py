"""A command that is suggested works on the stack that was looked at, as it is typed."""

import pytest

from ops.stack import Stack


@pytest.mark.parametrize(
    ("stack", "command", "typed"),
    [
        (Stack("copytrail"), "copytrail dlq ls", "copytrail dlq ls"),
        (Stack("copytrail"), None, "make deploy ARGS='--revert-drift copytrail'"),
        (Stack("copytrail", region="eu-west-1"), "aws s3 mb s3://aws", "aws --region eu-west-1 s3 mb s3://aws"),
        (
            Stack("staging", region="eu-west-1", profile="my own"),
            "copytrail enable-events copytrail",
            "copytrail --stack staging --region eu-west-1 --profile 'my own' enable-events copytrail",
        ),
        (
            Stack("staging", profile="own"),
            "aws kms cancel-key-deletion && aws kms enable-key",
            "aws --profile own kms cancel-key-deletion && aws --profile own kms enable-key",
        ),
        (
            Stack("staging", region="eu-west-1", profile="own"),
            None,
            "make deploy ARGS='--revert-drift staging --profile own'",
        ),
    ],
)
def test_a_command_has_the_options_of_its_stack(stack: Stack, command: str | None, typed: str) -> None:
    assert stack.typed(command) == typed
