"""Logs Insights queries that are saved with the stack: what a person on call asks the logs of both functions."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

# By name; the story of one upload is made of both logs, the others are of them, too, or of what only the copier logs.
QUERIES = {
    "One upload, by its LogID": """
        fields @timestamp, service, message, outcome, reason, explanation, source, destination, attempt, duplicate
        | filter log_id = "PASTE THE LOGID HERE"
        | sort @timestamp
    """,
    "One object, by its key": """
        fields @timestamp, service, message, log_id, outcome, reason, explanation, attempt, latency_ms
        | filter source = "s3://BUCKET/KEY"
        | sort @timestamp
    """,
    "Failures, by reason": """
        filter message in ["transfer", "dead letter"] and ispresent(reason) and level = "ERROR"
        | stats count(*) as failures, latest(explanation) as example, latest(source) as object by reason, service
        | sort failures desc
    """,
    "What comes again, by reason": """
        filter message = "delivery failed"
        | stats count(*) as deliveries, max(attempt) as attempts, latest(explanation) as example by reason, service
        | sort deliveries desc
    """,
    "Slowest copies": """
        fields @timestamp, source, size, duration_ms, latency_ms, attempt, trigger, log_id
        | filter message = "transfer" and outcome = "Copied"
        | sort duration_ms desc
        | limit 50
    """,
    "Cold starts, and memory": """
        filter @type = "REPORT"
        | stats count(*) as invocations, count(@initDuration) as cold, pct(@initDuration, 95) as cold_p95_ms,
            pct(@duration, 95) as p95_ms, max(@maxMemoryUsed / 1000 / 1000) as most_mb,
            max(@memorySize / 1000 / 1000) as given_mb by @log
    """,
}


def create_saved_queries(scope: Construct, id_: str, log_groups: Sequence[logs.ILogGroup]) -> None:
    """Save the queries, in a folder that has the stack's name."""
    folder = Construct(scope, id_)
    for name, query in QUERIES.items():
        logs.CfnQueryDefinition(
            folder,
            "".join(filter(str.isalnum, name.title())),
            name=f"{Stack.of(scope).stack_name}/{name}",
            query_string="\n".join(line.strip() for line in query.strip().splitlines()),
            log_group_names=[group.log_group_name for group in log_groups],
        )
