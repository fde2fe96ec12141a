"""`copytrail forwarding-rule`: what the account of a source bucket runs, so that its uploads are heard of here."""

import json
from collections.abc import Mapping
from typing import Any

import click

from ops.aws.sqs import LONGEST_RETENTION_S
from ops.errors import UsageError
from ops.stack import Stack
from shared.event_patterns import Pattern, forwarded_pattern
from shared.event_rules import DEFAULT_BUS


@click.command(
    "forwarding-rule",
    short_help="Print what has another account forward its uploads.",
    epilog="\b\nExample:\n  $ copytrail forwarding-rule source > forwarding.json",
)
@click.argument("bucket", metavar="BUCKET")
@click.pass_obj
def forwarding_rule(stack: Stack, bucket: str) -> None:
    """Print the CloudFormation template that has the account of BUCKET forward the bucket's uploads to this stack.

    BUCKET is a source in another account: its key under `buckets` in cdk.json, where `account` says whose it is, or its
    name. S3 tells the EventBridge of the bucket's own account. The template holds a rule there, a role that may put
    events onto this account's default bus and nothing else, and a queue that keeps for 14 days what could not be
    delivered. That account deploys it, in the bucket's region:

    \b
      $ aws cloudformation deploy --template-file forwarding.json \\
          --stack-name copytrail-forwarding --capabilities CAPABILITY_IAM
    """
    alias = stack.source_alias_of(bucket)
    name = stack.bucket_names[alias]
    if not stack.is_elsewhere(name):
        raise UsageError(
            f"'{alias}' ({name}) is no bucket of another account: its events come by themselves, once"
            f" `copytrail enable-events {alias}` has turned them on. If it is, set buckets.{alias}.account, and deploy"
        )
    bus = stack.resource_arn("events", f"event-bus/{DEFAULT_BUS}")
    click.echo(json.dumps(_template(forwarded_pattern(stack.routes, name), bus, stack.name), indent=2))


def _template(pattern: Pattern, bus: str, stack_name: str) -> Mapping[str, Any]:
    events = {"Service": "events.amazonaws.com"}
    own = {"Ref": "AWS::AccountId"}
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Description": f"copytrail: forwards uploads to the stack {stack_name}",
            "EventPattern": pattern,
            "Targets": [
                {
                    "Id": "DefaultBus",
                    "Arn": bus,
                    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["NotDelivered", "Arn"]}},
                }
            ],
        },
        # What could not be kept would be gone.
        "DependsOn": "NotDeliveredPolicy",
    }
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": f"copytrail: may put events onto {bus}",
            "AssumeRolePolicyDocument": _policy(
                Principal=events,
                Action="sts:AssumeRole",
                Condition={"StringEquals": {"aws:SourceAccount": own}},
            ),
            "Policies": [
                {"PolicyName": "PutEvents", "PolicyDocument": _policy(Action="events:PutEvents", Resource=bus)}
            ],
        },
    }
    queue = {
        "Type": "AWS::SQS::Queue",
        "Properties": {"MessageRetentionPeriod": LONGEST_RETENTION_S, "SqsManagedSseEnabled": True},
    }
    let_in = _policy(
        Principal=events,
        Action="sqs:SendMessage",
        Resource={"Fn::GetAtt": ["NotDelivered", "Arn"]},
        Condition={"StringEquals": {"aws:SourceAccount": own}},
    )
    policy = {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {"Queues": [{"Ref": "NotDelivered"}], "PolicyDocument": let_in},
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"copytrail: forwards uploads to {bus}",
        "Resources": {"Rule": rule, "Role": role, "NotDelivered": queue, "NotDeliveredPolicy": policy},
        "Outputs": {"NotDeliveredQueueUrl": {"Value": {"Ref": "NotDelivered"}}},
    }


def _policy(**statement: Any) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
