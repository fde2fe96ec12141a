"""The customer's own KMS key, with which queues, tables and logs are encrypted where a stack has one."""

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct


def create_customer_key(scope: Construct, id_: str) -> kms.Key:
    """A key that EventBridge may use for queues, and CloudWatch Logs for the stack's log groups.

    It is made here rather than named in the settings, because EventBridge drops, without a word, what it can neither
    encrypt for a queue nor for its dead-letter queue: the key's policy must be right before the first event.
    """
    stack = Stack.of(scope)
    key = kms.Key(
        scope,
        id_,
        description=f"{stack.stack_name}: encrypts queues, tables, logs and the topic of alarms",
        enable_key_rotation=True,
        # The table outlives the stack, and nobody could read it without its key.
        removal_policy=RemovalPolicy.RETAIN,
    )
    # "Configure KMS permissions for AWS services", SQS developer guide. The queues' policies say which rules may send.
    key.add_to_resource_policy(_use_for_this_account("EventBridgeMaySendToQueues", "events", stack))
    # "Encrypt log data in CloudWatch Logs using AWS KMS", CloudWatch Logs user guide.
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LogsMayBeKept",
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=["kms:Decrypt", "kms:Describe*", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            resources=["*"],
            conditions={
                "ArnLike": {
                    # CloudFormation begins the names that it chooses with the stack's.
                    "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name=f"{stack.stack_name}-*",
                        arn_format=ArnFormat.COLON_RESOURCE_NAME,
                    )
                }
            },
        )
    )
    return key


def let_alarms_publish(key: kms.IKey) -> None:
    """Let CloudWatch's alarms of this account publish to a topic that is encrypted with the key."""
    key.add_to_resource_policy(_use_for_this_account("AlarmsMayPublish", "cloudwatch", Stack.of(key)))


def _use_for_this_account(sid: str, service: str, stack: Stack) -> iam.PolicyStatement:
    """That an AWS service sends to what is encrypted with the key, on behalf of the stack's account."""
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=["*"],
        conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
    )
