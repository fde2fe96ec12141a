"""CloudWatch on the emulated AWS: what SQS tells it of its queues."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto.sqs.models import sqs_backends

from localaws.embedded import ACCOUNT_ID

Newest = Callable[[str], float | None]


@pytest.fixture
def newest(gap_aws: Any) -> Iterator[Newest]:
    """Metric → its newest value of the queue `queue`, if there is one."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    client = session.client("cloudwatch", endpoint_url=gap_aws.server.endpoint_url)

    def ask(metric: str) -> float | None:
        now = datetime.now(UTC)
        dimensions: Any = [{"Name": "QueueName", "Value": "queue"}]
        found = client.get_metric_data(
            StartTime=now - timedelta(minutes=10),
            EndTime=now,
            MetricDataQueries=[
                {
                    "Id": "asked",
                    "MetricStat": {
                        "Metric": {"Namespace": "AWS/SQS", "MetricName": metric, "Dimensions": dimensions},
                        "Period": 60,
                        "Stat": "Maximum",
                    },
                }
            ],
        )
        return next(iter(found["MetricDataResults"][0]["Values"]), None)

    yield ask
    client.close()


def grow_old(body: str, *, seconds: int) -> None:
    queue = sqs_backends[ACCOUNT_ID]["us-east-1"].queues["queue"]
    message: Any = next(message for message in queue._messages if message.body == body)  # noqa: SLF001 - hidden ones too
    message.sent_timestamp -= seconds * 1000


def test_the_age_of_a_queue_is_that_of_its_oldest_message_in_flight_or_not(gap_aws: Any, newest: Newest) -> None:
    url = gap_aws.make_queue()
    gap_aws.sqs.send_message(QueueUrl=url, MessageBody="old")
    grow_old("old", seconds=1000)
    assert len(gap_aws.receive(url)) == 1
    gap_aws.sqs.send_message(QueueUrl=url, MessageBody="new")

    assert newest("ApproximateAgeOfOldestMessage") == pytest.approx(1000, abs=30)
    assert newest("ApproximateNumberOfMessagesVisible") == 1
    assert newest("ApproximateNumberOfMessagesNotVisible") == 1


def test_a_message_that_was_received_three_times_is_not_the_oldest_any_more(gap_aws: Any, newest: Newest) -> None:
    url = gap_aws.make_queue()
    gap_aws.sqs.send_message(QueueUrl=url, MessageBody="poison")
    grow_old("poison", seconds=1000)
    for _ in range(3):
        assert len(gap_aws.receive(url, hidden_s=0)) == 1
    gap_aws.sqs.send_message(QueueUrl=url, MessageBody="next")
    grow_old("next", seconds=100)

    assert newest("ApproximateAgeOfOldestMessage") == pytest.approx(100, abs=30)


def test_an_empty_queue_has_no_oldest_message(gap_aws: Any, newest: Newest) -> None:
    gap_aws.make_queue()

    assert newest("ApproximateNumberOfMessagesVisible") == 0
    assert newest("ApproximateAgeOfOldestMessage") is None
