"""The CloudWatch dashboard of a stack: what it does, how fast, what waits or failed, and what it costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.constructs.buffered_function import BufferedFunction
from infra.constructs.metrics import CloudWatchMetric, of_lambda, of_queue, of_service
from shared.audit_log import schema
from shared.events import Outcome
from shared.metrics import Metric

# A dashboard is 24 columns wide, and shows up to 100 alarms together ("Dashboard body structure and syntax",
# CloudWatch API reference); those of rules are the last.
_COLUMNS = 24
_MOST_ALARMS = 100
_WIDTH, _HEIGHT = 8, 6
_ALARMS_HEIGHT = 4


@dataclass(frozen=True)
class _Graph:
    """A graph: its title, and a line for each metric, by its label."""

    title: str
    lines: Mapping[str, CloudWatchMetric]


def create_dashboard(
    scope: Construct,
    id_: str,
    *,
    copier: BufferedFunction,
    auditor: BufferedFunction,
    table: dynamodb.ITable,
    alarm_arns: Sequence[str],
) -> cloudwatch.CfnDashboard:
    """The dashboard. CloudFormation names it: a name of ours would be taken in a second region."""
    stack = Stack.of(scope)
    graphs = _graphs(copier, auditor, table)
    top = {"x": 0, "y": 0, "width": _COLUMNS, "height": _ALARMS_HEIGHT}
    widgets = [{"type": "alarm", **top, "properties": {"title": "Alarms", "alarms": alarm_arns[:_MOST_ALARMS]}}]
    for number, graph in enumerate(graphs):
        row, column = divmod(number, _COLUMNS // _WIDTH)
        place = {"x": column * _WIDTH, "y": _ALARMS_HEIGHT + row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT}
        widgets.append({"type": "metric", **place, "properties": _drawn(graph, stack.region)})
    return cloudwatch.CfnDashboard(scope, id_, dashboard_body=stack.to_json_string({"widgets": widgets}))


def _graphs(
    copier: BufferedFunction,
    auditor: BufferedFunction,
    table: dynamodb.ITable,
) -> Iterator[_Graph]:
    both = {"copier": copier, "auditor": auditor}
    queues = {"copy queue": copier.queue, "audit queue": auditor.queue}
    yield _Graph("Objects, by outcome", {outcome: of_service(copier, outcome) for outcome in Outcome})
    yield _Graph("Bytes copied", {"bytes": of_service(copier, Metric.BYTES_COPIED)})
    yield _Graph(
        "From upload to copied, in ms",
        {percentile: of_service(copier, Metric.UPLOAD_TO_COPIED, percentile) for percentile in ("p50", "p95", "p99")},
    )
    yield _Graph(
        "Oldest message, in s",
        {name: of_queue(queue, "ApproximateAgeOfOldestMessage") for name, queue in queues.items()},
    )
    yield _Graph(
        "Waiting messages",
        {name: of_queue(queue, "ApproximateNumberOfMessagesVisible") for name, queue in queues.items()},
    )
    yield _Graph(
        "Dead-lettered messages",
        {
            f"of the {name}": of_queue(function.dead_letter_queue, "ApproximateNumberOfMessagesVisible")
            for name, function in both.items()
        },
    )
    yield _Graph(
        "Records",
        {name: of_service(auditor, name) for name in (Metric.RECORDED, Metric.DUPLICATES, Metric.CONFLICTS)},
    )
    yield _Graph(
        "What goes wrong",
        {
            **{f"{name}: retries": of_service(function, Metric.RETRIES) for name, function in both.items()},
            **{f"{name}: errors": of_lambda(function.function, "Errors") for name, function in both.items()},
            **{f"{name}: throttles": of_lambda(function.function, "Throttles") for name, function in both.items()},
        },
    )
    yield _Graph(
        "Functions at a time",
        {name: of_lambda(function.function, "ConcurrentExecutions", "Maximum") for name, function in both.items()},
    )
    yield _Graph(
        "Cost: time of functions, in ms",
        {name: of_lambda(function.function, "Duration") for name, function in both.items()},
    )
    yield _Graph(
        "Cost: requests",
        {
            **{f"{name}: invocations": of_lambda(function.function, "Invocations") for name, function in both.items()},
            **{
                f"{name}: messages sent": of_queue(queue, "NumberOfMessagesSent", "Sum")
                for name, queue in queues.items()
            },
        },
    )
    yield _Graph("Cost: writes of the audit table and its indexes, logs", _writes_and_logs(table, both))


def _writes_and_logs(
    table: dynamodb.ITable, functions: Mapping[str, BufferedFunction]
) -> Mapping[str, CloudWatchMetric]:
    place = {"TableName": table.table_name}
    written = {
        "table: write units": CloudWatchMetric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", place),
        **{
            f"{index}: write units": CloudWatchMetric(
                "AWS/DynamoDB", "ConsumedWriteCapacityUnits", {**place, "GlobalSecondaryIndexName": index}
            )
            for index in (schema.BY_DAY, schema.BY_OBJECT)
        },
    }
    logged = {
        f"{name}: log bytes": CloudWatchMetric(
            "AWS/Logs", "IncomingBytes", {"LogGroupName": function.log_group.log_group_name}
        )
        for name, function in functions.items()
    }
    return {**written, **logged}


def _drawn(graph: _Graph, region: str) -> dict[str, Any]:
    return {
        "title": graph.title,
        "region": region,
        "view": "timeSeries",
        "period": 300,
        "metrics": [
            [
                *(metric.namespace, metric.name),
                *(text for dimension in metric.dimensions.items() for text in dimension),
                {"label": label, "stat": metric.statistic},
            ]
            for label, metric in graph.lines.items()
        ],
    }
