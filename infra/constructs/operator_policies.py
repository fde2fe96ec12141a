"""Owns the policies for people: one to look, one to act, to be attached to whoever operates copytrail."""

from collections.abc import Iterable

from aws_cdk import aws_iam as iam
from constructs import Construct


def place_operator_policy(
    scope: Construct, id_: str, *, description: str, statements: Iterable[iam.PolicyStatement]
) -> iam.ManagedPolicy:
    """A managed policy that nobody has yet."""
    return iam.ManagedPolicy(scope, id_, description=description, statements=list(statements))
