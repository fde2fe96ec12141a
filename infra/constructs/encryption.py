"""The customer's own KMS key, with which queues, tables and logs are encrypted where a stack has one."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct


def create_customer_key(scope: Construct, id_: str, *, log_groups: Sequence[str]) -> kms.Key:
    """A key that EventBridge may use for queues, and CloudWatch Logs for log groups whose names match `log_groups`.

    It is made here rather than named in the settings, because EventBridge drops, without a word, what it can neither
    encrypt for a queue nor for its dead-letter queue: the key's policy must be right before the first event.
    """
    stack = Stack.of(scope)
    key = kms.Key(
        scope,
        id_,
        description=f"{stack.stack_name}: encrypts queues, tables and logs",
        enable_key_rotation=True,
        # The table outlives the stack, and nobody could read it without its key.
        removal_policy=RemovalPolicy.RETAIN,
    )
    # "Configure KMS permissions for AWS services", SQS developer guide. The queues' policies say which rules may send.
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="EventBridgeMaySendToQueues",
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
        )
    )
    # "Encrypt log data in CloudWatch Logs using AWS KMS", CloudWatch Logs user guide.
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LogsMayBeKept",
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=["kms:Decrypt", "kms:Describe*", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            resources=["*"],
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": [
                        f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{name}"
                        for name in log_groups
                    ]
                }
            },
        )
    )
    return key
