"""Events of S3 that another account forwards to this account's default bus, where the rules of routes are."""

import hashlib
from collections.abc import Collection, Mapping

from aws_cdk import Aws, CfnCondition, Fn, Stack
from aws_cdk import aws_events as events
from constructs import Construct

from shared.event_rules import DEFAULT_BUS
from shared.events import S3_SOURCE


class ForwardedEvents(Construct):
    """Leave for each account to put S3's events, and nothing else, onto the default bus.

    Nobody can make such events up: PutEvents refuses sources that begin with `aws.` ("PutEventsRequestEntry",
    EventBridge API reference), so they come from a rule there that forwards what S3 told. They keep their account.
    """

    def __init__(self, scope: Construct, id_: str, detail_types: Mapping[str, Collection[str]]) -> None:
        """`detail_types`: of the events that are waited for, by account."""
        super().__init__(scope, id_)
        stack = Stack.of(self)
        # An id is the bus's, and other stacks have theirs there.
        digest = hashlib.sha256(stack.stack_name.encode()).hexdigest()[:12]
        for account, types in sorted(detail_types.items()):
            # The account of a bucket may be that which is deployed to, and is not known here.
            other = CfnCondition(
                self, f"IsOther{account}", expression=Fn.condition_not(Fn.condition_equals(Aws.ACCOUNT_ID, account))
            )
            policy = events.CfnEventBusPolicy(
                self,
                f"From{account}",
                event_bus_name=DEFAULT_BUS,
                statement_id=f"copytrail-{digest}-{account}",
                statement={
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{Aws.PARTITION}:iam::{account}:root"},
                    "Action": "events:PutEvents",
                    "Resource": stack.format_arn(service="events", resource="event-bus", resource_name=DEFAULT_BUS),
                    # Both keys have several values at a time ("Using IAM policy conditions in EventBridge").
                    "Condition": {
                        "ForAllValues:StringEquals": {
                            "events:source": S3_SOURCE,
                            "events:detail-type": sorted(types),
                        },
                        "Null": {"events:source": "false", "events:detail-type": "false"},
                    },
                },
            )
            policy.cfn_options.condition = other
