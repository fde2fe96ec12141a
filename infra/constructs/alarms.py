"""The CloudWatch alarms: the few conditions under which a person must act."""

from collections.abc import Callable

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.buffered_function import BufferedFunction
from infra.settings.monitoring import AlarmSettings


class Alarms(Construct):
    """Alarms on dead-lettered messages, and on uploads that wait too long. They tell the topic, if there is one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        copier: BufferedFunction,
        auditor: BufferedFunction,
        settings: AlarmSettings,
    ) -> None:
        super().__init__(scope, id_)
        self._topic = sns.Topic.from_topic_arn(self, "Topic", settings.topic_arn) if settings.topic_arn else None
        self._alarm(
            "CopyDeadLetters",
            copier.dead_letter_queue.metric_approximate_number_of_messages_visible,
            threshold=1,
            description="copytrail: uploads could not be copied",
        )
        self._alarm(
            "AuditDeadLetters",
            auditor.dead_letter_queue.metric_approximate_number_of_messages_visible,
            threshold=1,
            description="copytrail: records could not be kept",
        )
        self._alarm(
            "CopyDelay",
            copier.queue.metric_approximate_age_of_oldest_message,
            threshold=settings.oldest_message_seconds,
            description="copytrail: uploads wait too long to be copied",
        )

    def _alarm(self, id_: str, metric: Callable[..., cloudwatch.Metric], *, threshold: int, description: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            id_,
            alarm_description=description,
            metric=metric(period=Duration.minutes(1), statistic=cloudwatch.Stats.MAXIMUM),
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # SQS sends no data for a queue that has been idle for hours.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if self._topic is not None:
            alarm.add_alarm_action(actions.SnsAction(self._topic))
