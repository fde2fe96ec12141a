"""What people are told without asking: alarms, the dashboard, saved queries; that each is of what there is."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import ANY

import pytest

from infra.bundling import ROOT  # first: infra chooses the node that aws_cdk runs on
from infra.constructs.alarms import Alarm, Alarms
from infra.constructs.metrics import CloudWatchMetric
from infra.settings.monitoring import AlarmSettings

import aws_cdk  # isort: skip

from shared.metrics import Metric
from tests.infra.template import Readable, Resources, Template, allowed_to, of_type, variables
from tests.infra.told import Told, audit, copy, told_by

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
TOPIC = "arn:aws:sns:eu-west-1:111122223333:ops"
# All that is off by default, and nothing that is on: few templates, as each takes seconds.
EVERYTHING = {
    "stackName": "mine",
    "buckets": {"source": {"requestMetrics": "all"}, "destination": {}},
    "alarms": {"email": "ops@example.com", "uploadToCopiedSeconds": 60},
    "copier": {"timeoutSeconds": 600},
    "tracing": True,
    "dashboard": False,
}


@pytest.fixture
def everything(readable: Readable) -> Template:
    return readable(EVERYTHING)


@pytest.fixture(scope="module")
def told(readable: Readable, shipped_context: Mapping[str, Any]) -> Told:
    """What both functions tell under the service names that the template gives them."""
    template = readable(shipped_context)
    of_both = [
        told_by(variables(template, function)["POWERTOOLS_SERVICE_NAME"], work)
        for function, work in (("CopierFunction", copy), ("AuditorFunction", audit))
    ]
    return Told(
        *(set().union(*(getattr(one, field) for one in of_both)) for field in ("metrics", "fields", "messages"))
    )


def alarms(template: Template) -> Mapping[str, Any]:
    """The alarms that tell somebody, by their names and what tells those of one name apart."""
    return {
        id_.removeprefix("Alarms"): alarm
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for id_, alarm in of_type(template, kind).items()
    }


def looked_at(template: Template) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Namespace, name and dimensions of each metric that an alarm or the dashboard looks at."""
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
        yield alarm["Namespace"], alarm["MetricName"], dimensions
    for widget in widgets(template):
        for namespace, name, *pairs, _ in widget["properties"].get("metrics", []):
            yield namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))


def widgets(template: Template) -> list[Any]:
    dashboards = of_type(template, "AWS::CloudWatch::Dashboard").values()
    return [widget for one in dashboards for widget in json.loads(one["DashboardBody"])["widgets"]]


def test_what_alarms_and_the_dashboard_look_at_of_ours_is_emitted_so(
    template: Template, everything: Template, told: Told
) -> None:
    ours = {
        (namespace, name, tuple((key, value.replace("mine-", "copytrail-")) for key, value in dimensions.items()))
        for namespace, name, dimensions in (*looked_at(template), *looked_at(everything))
        if not namespace.startswith("AWS/")
    }
    assert {"DeadLetters", "UploadToCopied", "Conflicts", "Objects", "Deleted"} <= {name for _, name, _ in ours}
    assert ours <= told.metrics


def test_every_metric_of_ours_has_a_name_in_the_list(told: Told) -> None:
    assert set(Metric) <= {name for _, name, _ in told.metrics}


def test_what_they_look_at_of_aws_is_in_its_documentation_and_of_this_stack(
    template: Template, everything: Template
) -> None:
    queues = {
        f"{function}{queue}.QueueName" for function in ("Copier", "Auditor") for queue in ("Queue", "DeadLetterQueue")
    }
    both = (template, everything)
    rules = {rule["Name"] for one in both for rule in of_type(one, "AWS::Events::Rule").values()}
    # By namespace: metrics and dimensions as AWS's pages name them, and what is of this stack.
    documented: Mapping[str, tuple[set[str], dict[str, set[str]]]] = {
        "AWS/SQS": (
            {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"},
            {"QueueName": queues},
        ),
        "AWS/Lambda": (
            {"Errors", "Throttles", "ConcurrentExecutions", "Duration", "Invocations"},
            {"FunctionName": {"CopierFunction", "AuditorFunction"}},
        ),
        "AWS/Events": (
            {"FailedInvocations", "InvocationsFailedToBeSentToDlq"},
            {"RuleName": rules, "EventBusName": {"copytrail-transfers", "mine-transfers"}},
        ),
        "AWS/S3": ({"PutRequests"}, {"BucketName": {"Bucketssource"}, "FilterId": {"all"}}),
        "AWS/DynamoDB": (
            {"ConsumedWriteCapacityUnits"},
            {"TableName": {"AuditTable"}, "GlobalSecondaryIndexName": {"ByDay", "ByObject"}},
        ),
        "AWS/Logs": ({"IncomingBytes"}, {"LogGroupName": {"CopierLogGroup", "AuditorLogGroup"}}),
    }
    for namespace, name, dimensions in (*looked_at(template), *looked_at(everything)):
        if namespace.startswith("AWS/"):
            names, values = documented[namespace]
            assert name in names
            assert all(value in values[dimension] for dimension, value in dimensions.items())


def test_each_alarm_has_an_entry_in_the_runbook_and_each_entry_an_alarm(everything: Template) -> None:
    named = {
        re.search(r"docs/runbook\.md#(\w+)$", alarm["AlarmDescription"])[1]  # type: ignore[index]
        for alarm in alarms(everything).values()
    }
    assert named == {heading.lower() for heading in re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)}


def test_each_entry_of_the_runbook_tells_what_it_means_how_to_look_and_how_to_mend() -> None:
    for entry in re.split(r"^### ", RUNBOOK, flags=re.MULTILINE)[1:]:
        name = entry.partition("\n")[0]
        words = ("It means", "Look", "Mend")
        assert [word for word in words if f"**{word}" not in entry] == [], name


def test_the_default_stack_watches_queues_functions_rules_and_copies(template: Template) -> None:
    names = {re.sub(r"[0-9a-f]{12}$", "", id_) for id_ in alarms(template)}
    of_both = ("DeadLetters", "DeadLettersExpire", "Delay", "Errors", "Throttles")
    assert names == {
        *(f"{path}{what}" for path in ("Copy", "Audit") for what in of_both),
        *("NewCopyDeadLetters", "NewAuditDeadLetters"),
        *("SlowCopies", "AuditConflicts", "RuleFailures", "EventsLost"),
    }


def test_every_rule_is_watched_on_the_bus_that_it_is_on(template: Template) -> None:
    rules = {(rule["Name"], rule["EventBusName"]) for rule in of_type(template, "AWS::Events::Rule").values()}
    for metric in ("FailedInvocations", "InvocationsFailedToBeSentToDlq"):
        watched = [
            {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
            for alarm in alarms(template).values()
            if alarm.get("MetricName") == metric
        ]
        # Rules on the default bus have no dimension for it.
        assert {(one["RuleName"], one.get("EventBusName", "default")) for one in watched} == rules
        assert len(watched) == len(rules)


def test_one_long_copy_sets_no_alarm_of_delay_off(everything: Template) -> None:
    delay = alarms(everything)["CopyDelay"]
    timeout_s = everything["Resources"]["CopierFunction"]["Properties"]["Timeout"]
    assert timeout_s == 600
    # A message in flight is as old as its invocation, at most; a copy that takes longer goes on as a new message.
    ages_by_the_minute = [*range(0, timeout_s + 1, 60), *range(0, timeout_s + 1, 60)]
    assert not goes_off(delay, ages_by_the_minute)
    # Uploads that nobody takes.
    assert goes_off(delay, list(range(0, 1200, 60)))


def test_one_large_object_is_no_slow_service_and_slow_copies_are(everything: Template) -> None:
    alarm = alarms(everything)["SlowCopies"]
    assert (alarm["ExtendedStatistic"], alarm["Threshold"]) == ("p99", 60_000)
    assert not goes_off(alarm, [500, 400, 7_200_000, 600, None, None, None, 500])
    assert goes_off(alarm, [61_000, 500, 90_000, None, 70_000])


def test_dead_letters_are_told_before_four_days_are_left_also_those_that_waited_before(template: Template) -> None:
    queues = of_type(template, "AWS::SQS::Queue")
    for path, function in (("Copy", "Copier"), ("Audit", "Auditor")):
        alarm = alarms(template)[f"{path}DeadLettersExpire"]
        assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": f"{function}DeadLetterQueue.QueueName"}]
        told_after_s = alarm["Period"] * alarm["EvaluationPeriods"]
        left_s = queues[f"{function}DeadLetterQueue"]["MessageRetentionPeriod"] - told_after_s
        assert left_s - queues[f"{function}Queue"]["MessageRetentionPeriod"] == 4 * 86_400
        # "PutMetricAlarm": seven days at most, where a period is an hour or more.
        assert told_after_s <= 604_800
        waiting = [1] * alarm["EvaluationPeriods"]
        assert goes_off(alarm, waiting)
        assert goes_off(alarm, [*waiting[:70], None, *waiting[71:]])
        assert not goes_off(alarm, [*waiting[:70], *[0] * 24, *waiting[94:]])


def goes_off(alarm: Mapping[str, Any], data: Sequence[int | None]) -> bool:
    """Whether an alarm goes off anywhere in these periods; what has no data does not breach."""
    breaching = [value is not None and value >= alarm["Threshold"] for value in data]
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    windows = (breaching[max(0, end - alarm["EvaluationPeriods"]) : end] for end in range(1, len(data) + 1))
    return any(sum(window) >= alarm["DatapointsToAlarm"] for window in windows)


def test_writes_without_outcomes_are_an_alarm_where_the_source_counts_its_requests(everything: Template) -> None:
    found = {id_: one for id_, one in alarms(everything).items() if id_.startswith("UploadsWithoutOutcomes")}
    writes, outcomes, both = (found[f"UploadsWithoutOutcomes{part}"] for part in ("sourceWrites", "Outcomes", "source"))
    assert both["AlarmRule"] == (
        'ALARM("AlarmsUploadsWithoutOutcomessourceWrites") AND NOT ALARM("AlarmsUploadsWithoutOutcomesOutcomes")'
    )
    assert everything["Resources"]["Bucketssource"]["Properties"]["MetricsConfigurations"] == [{"Id": "all"}]

    def silent(written: list[int | None], ended: list[int | None]) -> bool:
        return goes_off(writes, written) and not goes_off(outcomes, ended)

    assert silent([3, None, 1, None], [None] * 4)
    assert not silent([3, None, 1, None], [3, None, 1, None])
    assert not silent([None] * 4, [None] * 4)
    # The outcome of an upload may come in the next quarter of an hour.
    assert not silent([None, None, None, 1], [None] * 4)


def test_the_parts_of_an_alarm_tell_nobody(everything: Template) -> None:
    found = alarms(everything)
    quiet = {id_ for id_, alarm in found.items() if "AlarmActions" not in alarm and "OKActions" not in alarm}
    assert quiet == {"UploadsWithoutOutcomessourceWrites", "UploadsWithoutOutcomesOutcomes"}
    assert {tuple(one["AlarmActions"] + one["OKActions"]) for id_, one in found.items() if id_ not in quiet} == {
        ("AlarmsTopic", "AlarmsTopic")
    }


def test_an_address_has_a_topic_that_only_alarms_of_this_account_publish_to(everything: Template) -> None:
    assert of_type(everything, "AWS::SNS::Subscription") == {
        "AlarmsEmail": {"Endpoint": "ops@example.com", "Protocol": "email", "TopicArn": "AlarmsTopic"}
    }
    assert everything["Resources"]["AlarmsTopic"] == {"Type": "AWS::SNS::Topic"}
    (policy,) = of_type(everything, "AWS::SNS::TopicPolicy").values()
    publish, over_tls = policy["PolicyDocument"]["Statement"]
    assert publish == {
        "Sid": "AlarmsMayPublish",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": "AlarmsTopic",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "AWS::AccountId"},
            "ArnLike": {"aws:SourceArn": "arn:AWS::Partition:cloudwatch:AWS::Region:AWS::AccountId:alarm:*"},
        },
    }
    assert (over_tls["Effect"], over_tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_dashboard_shows_the_alarms_and_no_more_metrics_than_are_free(
    template: Template, everything: Template
) -> None:
    first, *graphs = widgets(template)
    (dashboard,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    # A name of ours would be taken in a second region.
    assert set(dashboard) == {"DashboardBody"}
    assert len(first["properties"]["alarms"]) == len(alarms(template))
    # "Amazon CloudWatch pricing": three dashboards of up to 50 metrics are free.
    assert sum(len(graph["properties"]["metrics"]) for graph in graphs) <= 50
    places = [(widget["x"], widget["y"]) for widget in (first, *graphs)]
    assert len(set(places)) == len(places)
    assert all(widget["x"] + widget["width"] <= 24 for widget in (first, *graphs))
    assert of_type(everything, "AWS::CloudWatch::Dashboard") == {}


def fields_in(query: str) -> set[str]:
    """The fields of the log lines that a query names; what begins with @ is CloudWatch's own."""
    text = re.sub(r'"[^"]*"', "", query)
    made = set(re.findall(r"\bas (\w+)", text))
    functions = set(re.findall(r"(\w+)\(", text))
    syntax = {"fields", "filter", "sort", "stats", "limit", "by", "and", "or", "in", "as", "desc", "asc"}
    return set(re.findall(r"(?<![@\w])[a-z_]\w*", text)) - made - functions - syntax


def test_saved_queries_name_fields_and_messages_that_log_lines_have(resources: Resources, told: Told) -> None:
    queries = resources("AWS::Logs::QueryDefinition").values()
    assert len({query["Name"] for query in queries}) == 6
    for query in queries:
        assert query["Name"].startswith("copytrail/")
        assert query["LogGroupNames"] == ["CopierLogGroup", "AuditorLogGroup"]
        assert fields_in(query["QueryString"]) <= told.fields
        for messages in re.findall(r'message (?:= |in \[)((?:"[^"]+",? ?)+)', query["QueryString"]):
            assert set(re.findall(r'"([^"]+)"', messages)) <= told.messages


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("fields @timestamp, logid | sort size desc", {"logid", "size"}),
        ('stats count(*) as n, max(tries) as most by reason | filter level = "ERROR"', {"tries", "reason", "level"}),
        ("stats pct(@duration, 95) as slow by @log | sort slow", set()),
    ],
)
def test_a_field_that_no_line_has_would_be_found(query: str, fields: set[str]) -> None:
    assert fields_in(query) == fields


def test_tracing_is_off_unless_asked_for_and_then_allowed_for_both_functions(
    template: Template, everything: Template
) -> None:
    # X-Ray has no resource for these.
    traces = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}
    for function in ("Copier", "Auditor"):
        assert "TracingConfig" not in template["Resources"][f"{function}Function"]["Properties"]
        assert not traces & allowed_to(template, f"{function}Role")
        assert everything["Resources"][f"{function}Function"]["Properties"]["TracingConfig"] == {"Mode": "Active"}
        assert traces <= allowed_to(everything, f"{function}Role")


@pytest.mark.parametrize(
    ("settings", "told"), [({}, None), ({"topicArn": TOPIC}, [TOPIC]), ({"email": "ops@example.com"}, [{"Ref": ANY}])]
)
def test_alarms_tell_whom_the_settings_name_and_synth_warns_when_that_is_nobody(
    settings: Mapping[str, str], told: list[Any] | None
) -> None:
    stack = aws_cdk.Stack(aws_cdk.App(analytics_reporting=False), "stack")
    metric = CloudWatchMetric("Copytrail", "Objects", {})
    alarms_ = Alarms(
        stack,
        "Alarms",
        standard=[Alarm("Odd", "something is odd", metric)],
        writes={},
        outcomes=metric,
        settings=AlarmSettings.model_validate(settings),
        key=None,
    )
    alarm: Any = alarms_.node.find_child("Odd")
    assert [stack.resolve(actions) for actions in (alarm.alarm_actions, alarm.ok_actions)] == [told] * 2
    warnings = [entry.data for entry in alarms_.node.metadata if entry.type == "aws:cdk:warning"]
    assert [text.partition(":")[0] for text in warnings] == ([] if told else ["The alarms tell nobody"])
