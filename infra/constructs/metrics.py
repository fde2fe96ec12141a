"""The CloudWatch metrics that alarms and the dashboard look at: our own, and those of queues, functions and rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.constructs.buffered_function import BufferedFunction
from shared.event_rules import DEFAULT_BUS, EventRule
from shared.events import Outcome
from shared.metrics import DIMENSION, NAMESPACE, Metric


@dataclass(frozen=True)
class CloudWatchMetric:
    """A metric as CloudWatch names it, and the statistic that is of interest."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"


def of_service(function: BufferedFunction, name: Metric | Outcome, statistic: str = "Sum") -> CloudWatchMetric:
    """A metric that the code of one of our functions emits."""
    return CloudWatchMetric(NAMESPACE, name, {DIMENSION: function.service_name}, statistic)


def of_queue(queue: sqs.IQueue, name: str, statistic: str = "Maximum") -> CloudWatchMetric:
    """A metric of SQS ("Available CloudWatch metrics for Amazon SQS")."""
    return CloudWatchMetric("AWS/SQS", name, {"QueueName": queue.queue_name}, statistic)


def of_lambda(function: lambda_.IFunction, name: str, statistic: str = "Sum") -> CloudWatchMetric:
    """A metric of Lambda ("Types of metrics for Lambda functions")."""
    return CloudWatchMetric("AWS/Lambda", name, {"FunctionName": function.function_name}, statistic)


def of_rules(rules: Sequence[EventRule], stack_name: str, name: str) -> Iterator[CloudWatchMetric]:
    """A metric of EventBridge, for each rule of a stack.

    Source: "Monitoring Amazon EventBridge": those of the default bus have the dimension RuleName alone.
    """
    for rule in rules:
        bus = {} if rule.bus == DEFAULT_BUS else {"EventBusName": rule.bus}
        for number in range(len(rule.patterns)):
            yield CloudWatchMetric("AWS/Events", name, {**bus, "RuleName": rule.name(stack_name, number)})


def of_writes(bucket: s3.IBucket, filter_id: str) -> CloudWatchMetric:
    """The requests that write objects, where the bucket has a metrics configuration ("Metrics and dimensions", S3).

    PutRequests are the HTTP requests of PutObject, CopyObject and UploadPart, by their syntax in the S3 API reference;
    also those that fail, and those that put tags. A completed multipart upload counts by its parts.
    """
    return CloudWatchMetric("AWS/S3", "PutRequests", {"BucketName": bucket.bucket_name, "FilterId": filter_id})
