"""Owns the alarms: the few conditions under which a person must look."""

from collections.abc import Callable

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct


class Alarms(Construct):
    """Alarms on queues. They show in CloudWatch, and tell the topic if there is one."""

    def __init__(self, scope: Construct, id_: str, *, topic_arn: str | None) -> None:
        super().__init__(scope, id_)
        self._action = _tell(self, topic_arn) if topic_arn else None

    def when_not_empty(self, id_: str, queue: sqs.Queue, *, description: str) -> None:
        """Alarm as soon as a message waits in the queue."""
        self._alarm(id_, queue.metric_approximate_number_of_messages_visible, threshold=1, description=description)

    def when_older(self, id_: str, queue: sqs.Queue, *, seconds: int, description: str) -> None:
        """Alarm when the oldest message has waited for so many seconds."""
        self._alarm(id_, queue.metric_approximate_age_of_oldest_message, threshold=seconds, description=description)

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
        if self._action is not None:
            alarm.add_alarm_action(self._action)


def _tell(scope: Construct, topic_arn: str) -> actions.SnsAction:
    return actions.SnsAction(sns.Topic.from_topic_arn(scope, "Topic", topic_arn))
