"""A function behind its queue: queue, dead-letter queue, log group, role, function, event source mapping."""

from collections.abc import Iterable, Mapping
from typing import cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.key_permissions import queue_key_permissions
from infra.permissions import statement
from infra.settings.functions import DEAD_LETTER_DAYS, FunctionSettings, PollerSettings

# In bytes ("Amazon SQS message quotas").
_LARGEST_MESSAGE = 1024 * 1024
# What the attributes of a dead-lettered message may add: one that no longer fitted would have no reason beside it.
_EXPLANATION = 16 * 1024


class BufferedFunction(Construct):
    """A function that takes messages from a queue of its own, in batches, and answers for each.

    With a `key`, messages and logs are encrypted with it. One that `continues` also sends itself messages, to go on
    with what one invocation has no time for. With `tracing`, X-Ray samples its invocations; the role may then send
    traces to `*`, as X-Ray has no ARN for them ("Actions, resources, and condition keys for AWS X-Ray").
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        service: str,
        code: lambda_.Code,
        settings: FunctionSettings,
        log_retention_days: int,
        key: kms.IKey | None,
        environment: Mapping[str, str],
        continues: bool = False,
        tracing: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        # It tells the logs and metrics of two stacks apart.
        self.service_name = f"{Stack.of(self).stack_name}-{service}"
        self.dead_letter_queue = _queue(
            self, "DeadLetterQueue", key=key, retention_period=Duration.days(DEAD_LETTER_DAYS)
        )
        self.queue = _queue(
            self,
            "Queue",
            key=key,
            # A dead-lettered message keeps its age: it must have days left to be looked at.
            retention_period=Duration.days(4),
            # "Configuring a queue to use with Lambda": six times the timeout, plus the window.
            visibility_timeout=Duration.seconds(6 * settings.timeout_seconds + settings.batching_window_seconds),
            largest_message=_LARGEST_MESSAGE - _EXPLANATION,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letter_queue, max_receive_count=settings.max_receive_count
            ),
        )
        self.log_group = _log_group(self, "LogGroup", retention_days=log_retention_days, key=key)
        self.role = iam.Role(
            self,
            "Role",
            role_name=settings.role_name,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What copytrail's {service} may do, and nothing else",
        )
        taking = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
        self.allow(
            [
                statement(*taking, on=[self.queue.queue_arn]),
                statement("sqs:SendMessage", on=[self.dead_letter_queue.queue_arn]),
                # A log group's ARN ends in `:*`, for its streams.
                statement("logs:CreateLogStream", "logs:PutLogEvents", on=[self.log_group.log_group_arn]),
            ]
        )
        if continues:
            self.allow([statement("sqs:SendMessage", on=[self.queue.queue_arn])])
        self.allow(queue_key_permissions(key))
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=settings.function_name,
            description=f"copytrail's {service}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"services.{service}.handler.handler",
            code=code,
            role=self.role,
            log_group=self.log_group,
            memory_size=settings.memory_mb,
            timeout=Duration.seconds(settings.timeout_seconds),
            reserved_concurrent_executions=settings.reserved_concurrency,
            tracing=lambda_.Tracing.ACTIVE if tracing else None,
            # Lambda stops what has gone from a function to its queue and back 16 times: it takes it for a mistake.
            recursive_loop=lambda_.RecursiveLoop.ALLOW if continues else None,
            environment={
                "POWERTOOLS_SERVICE_NAME": self.service_name,
                "MAX_RECEIVE_COUNT": str(settings.max_receive_count),
                **environment,
            },
        )
        pollers = _pollers(settings.pollers)
        # Not `SqsEventSource`: it would grant more than the mapping needs.
        self.mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=self.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=settings.batch_size,
            max_batching_window=Duration.seconds(settings.batching_window_seconds),
            max_concurrency=settings.max_concurrency if pollers is None else None,
            provisioned_poller_config=pollers,
            report_batch_item_failures=True,
        )

    def allow(self, statements: Iterable[iam.PolicyStatement]) -> None:
        """Let the function do what the statements say."""
        for each in statements:
            self.role.add_to_policy(each)


def _pollers(settings: PollerSettings) -> lambda_.ProvisionedPollerConfig | None:
    if settings.maximum is None:
        return None
    return lambda_.ProvisionedPollerConfig(minimum_pollers=settings.minimum, maximum_pollers=settings.maximum)


def _queue(
    scope: Construct,
    id_: str,
    *,
    key: kms.IKey | None,
    retention_period: Duration,
    visibility_timeout: Duration | None = None,
    largest_message: int = _LARGEST_MESSAGE,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        id_,
        encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=retention_period,
        visibility_timeout=visibility_timeout,
        max_message_size_bytes=largest_message,
        dead_letter_queue=dead_letter_queue,
    )


def _log_group(scope: Construct, id_: str, *, retention_days: int, key: kms.IKey | None) -> logs.LogGroup:
    # Not /aws/lambda/FUNCTION: one that an earlier function of that name left there would block the deployment.
    group = logs.LogGroup(scope, id_, encryption_key=key, removal_policy=RemovalPolicy.DESTROY)
    # The construct takes a word for each number of days that CloudWatch Logs allows; CloudFormation takes the number.
    cast(logs.CfnLogGroup, group.node.default_child).retention_in_days = retention_days
    return group
