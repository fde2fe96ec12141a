"""The CloudWatch alarms: a table of the conditions under which a person must act, each with its runbook entry."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Annotations, ArnFormat, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.buffered_function import BufferedFunction
from infra.constructs.encryption import let_alarms_publish
from infra.constructs.metrics import CloudWatchMetric, of_lambda, of_queue, of_rules, of_service
from infra.settings.monitoring import AlarmSettings
from shared.event_rules import EventRule
from shared.metrics import Metric

_MINUTE = 60
_HOUR = 60 * _MINUTE
# A dead-lettered message is gone 14 days after it was first sent, and may have waited 4 of them in its queue: after 6
# in the dead-letter queue, 4 are left. SQS's age of the oldest message would not tell: it counts from the move, and
# leaves out what was received three times, as `copytrail dlq ls` does ("Available CloudWatch metrics for Amazon SQS").
_HOURS_UNTIL_FOUR_DAYS_ARE_LEFT = 6 * 24


@dataclass(frozen=True)
class Alarm:
    """An alarm: at or over the threshold in so many (`breaching`) of the last `periods`.

    `name` is its entry in docs/runbook.md; what has no data does not breach.
    """

    name: str
    meaning: str
    metric: CloudWatchMetric
    threshold: int = 1
    period_s: int = _MINUTE
    breaching: int = 1
    periods: int = 1
    # It tells alarms of one name apart.
    of: str = ""


def standard_alarms(
    copier: BufferedFunction,
    auditor: BufferedFunction,
    rules: Sequence[EventRule],
    stack_name: str,
    settings: AlarmSettings,
) -> Iterator[Alarm]:
    """The alarms of every stack."""
    for path, function, cannot in (("Copy", copier, "be copied"), ("Audit", auditor, "be kept on record")):
        waiting = of_queue(function.dead_letter_queue, "ApproximateNumberOfMessagesVisible")
        yield Alarm(f"{path}DeadLetters", f"there are dead-lettered messages of what could not {cannot}", waiting)
        yield Alarm(
            f"{path}DeadLettersExpire",
            f"dead-lettered messages of what could not {cannot} may have four days left",
            waiting,
            period_s=_HOUR,
            # Not each of them: a sweep or a gap in the data hides the messages for a moment.
            breaching=_HOURS_UNTIL_FOUR_DAYS_ARE_LEFT - 4,
            periods=_HOURS_UNTIL_FOUR_DAYS_ARE_LEFT,
        )
        # SQS tells of a queue that was idle up to 15 minutes late ("Monitoring Amazon SQS queues using CloudWatch").
        yield Alarm(
            f"New{path}DeadLetters",
            f"something could not {cannot}",
            of_service(function, Metric.DEAD_LETTERS),
        )
        # A message in flight ages, too, but no copy takes longer than the function's time-out: what has no end by then
        # goes on as a new message, and the threshold is over the time-out (`infra.cross_checks`).
        yield Alarm(
            f"{path}Delay",
            f"what is to {cannot} waits too long",
            of_queue(function.queue, "ApproximateAgeOfOldestMessage"),
            threshold=settings.oldest_message_seconds,
            breaching=3,
            periods=3,
        )
        # One invocation that dies is made up for by SQS.
        yield Alarm(
            f"{path}Errors",
            "the function dies, or runs out of time, again and again",
            of_lambda(function.function, "Errors"),
            period_s=5 * _MINUTE,
            breaching=2,
            periods=6,
        )
        yield Alarm(
            f"{path}Throttles",
            "Lambda does not let the function run",
            of_lambda(function.function, "Throttles"),
            period_s=5 * _MINUTE,
            breaching=3,
            periods=3,
        )
    yield Alarm(
        "SlowCopies",
        "copies come too long after their uploads",
        of_service(copier, Metric.UPLOAD_TO_COPIED, "p99"),
        threshold=settings.upload_to_copied_seconds * 1000,
        period_s=5 * _MINUTE,
        # One large object is in one period.
        breaching=3,
        periods=6,
    )
    yield Alarm(
        "AuditConflicts",
        "one LogID stands for two uploads",
        of_service(auditor, Metric.CONFLICTS),
    )
    for name, meaning, of_rule in (
        ("RuleFailures", "EventBridge could not deliver events to a queue", "FailedInvocations"),
        (
            "EventsLost",
            "EventBridge could deliver events to no queue, and dropped them",
            "InvocationsFailedToBeSentToDlq",
        ),
    ):
        for metric in of_rules(rules, stack_name, of_rule):
            digest = metric.dimensions["RuleName"].rpartition("-")[2]
            yield Alarm(name, f"{meaning} (rule {metric.dimensions['RuleName']})", metric, of=digest)


class Alarms(Construct):
    """The alarms, and whom they tell. Where `writes` of source buckets are counted, they must have outcomes.

    `writes`: of each such bucket, by its alias, the number of requests that write objects.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        standard: Iterable[Alarm],
        writes: Mapping[str, CloudWatchMetric],
        outcomes: CloudWatchMetric,
        settings: AlarmSettings,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, id_)
        self._actions = _whom_to_tell(self, settings, key)
        watching = list(self._watch(writes, outcomes)) if writes else []
        self.arns = [*watching, *(self._create(alarm, self._actions).attr_arn for alarm in standard)]

    def _watch(self, writes: Mapping[str, CloudWatchMetric], outcomes: CloudWatchMetric) -> Iterator[str]:
        # One metric each, none of them of what is not there: a metric without data would leave an expression without
        # a value. The request of an upload and its outcome fall into one hour but for the last minutes of it.
        name = "UploadsWithoutOutcomes"
        # No alias has a dot in it, so none is taken for another alarm's part.
        quarters = {"period_s": 15 * _MINUTE, "periods": 4}
        ended = self._create(
            Alarm(
                name, "(part of an alarm) uploads had outcomes in the last hour", outcomes, of=".Outcomes", **quarters
            )
        )
        for alias, metric in writes.items():
            meaning = f"(part of an alarm) {alias} was written to in the last hour"
            written = self._create(Alarm(name, meaning, metric, of=f"{alias}.Writes", breaching=2, **quarters))
            yield cloudwatch.CfnCompositeAlarm(
                self,
                f"{name}{alias}",
                alarm_description=_described(
                    name, f"{alias} is written to, and no upload has had an outcome for an hour"
                ),
                alarm_rule=f'ALARM("{written.ref}") AND NOT ALARM("{ended.ref}")',
                alarm_actions=self._actions or None,
                ok_actions=self._actions or None,
            ).attr_arn

    def _create(self, alarm: Alarm, actions: list[str] | None = None) -> cloudwatch.CfnAlarm:
        metric = alarm.metric
        percentile = metric.statistic.startswith("p")
        return cloudwatch.CfnAlarm(
            self,
            f"{alarm.name}{alarm.of}",
            alarm_description=_described(alarm.name, alarm.meaning),
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=[
                cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value)
                for name, value in metric.dimensions.items()
            ],
            statistic=None if percentile else metric.statistic,
            extended_statistic=metric.statistic if percentile else None,
            period=alarm.period_s,
            threshold=alarm.threshold,
            datapoints_to_alarm=alarm.breaching,
            evaluation_periods=alarm.periods,
            comparison_operator="GreaterThanOrEqualToThreshold",
            # SQS sends no data for a queue that has been idle for hours, nor EventBridge where nothing failed.
            treat_missing_data="notBreaching",
            alarm_actions=actions or None,
            ok_actions=actions or None,
        )


def _described(name: str, meaning: str) -> str:
    return f"copytrail: {meaning}. What to do: docs/runbook.md#{name.lower()}"


def _whom_to_tell(scope: Construct, settings: AlarmSettings, key: kms.IKey | None) -> list[str]:
    if settings.topic_arn is not None:
        return [settings.topic_arn]
    if settings.email is not None:
        return [_create_topic(scope, settings.email, key).ref]
    Annotations.of(scope).add_warning_v2(
        "copytrail:alarmsTellNobody",
        "The alarms tell nobody: set copytrail.alarms.email, or copytrail.alarms.topicArn",
    )
    return []


def _create_topic(scope: Construct, email: str, key: kms.IKey | None) -> sns.CfnTopic:
    # Without a key of the stack's there is no encryption: with the one that AWS manages CloudWatch could not publish
    # ("Enable compatibility between event sources from AWS services and encrypted topics", SNS developer guide).
    topic = sns.CfnTopic(scope, "Topic", kms_master_key_id=key.key_arn if key else None)
    if key is not None:
        let_alarms_publish(key)
    sns.CfnSubscription(scope, "Email", topic_arn=topic.ref, protocol="email", endpoint=email)
    stack = Stack.of(scope)
    publish = iam.PolicyStatement(
        sid="AlarmsMayPublish",
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["sns:Publish"],
        resources=[topic.ref],
        conditions={
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {
                "aws:SourceArn": stack.format_arn(
                    service="cloudwatch", resource="alarm", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
                )
            },
        },
    )
    over_tls = iam.PolicyStatement(
        sid="OverTlsOnly",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["sns:Publish"],
        resources=[topic.ref],
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )
    sns.CfnTopicPolicy(
        scope, "TopicPolicy", topics=[topic.ref], policy_document=iam.PolicyDocument(statements=[publish, over_tls])
    )
    return topic
