"""The demo checks everything that is left, and not only the first ten."""

import json

from localaws.demo.checks import Checks
from localaws.embedded import EmbeddedAws
from tests.fakes.audit_table import create_audit_table


def test_every_dead_lettered_message_without_a_reason_is_reported(aws: EmbeddedAws) -> None:
    sqs, s3, dynamodb = aws.client("sqs"), aws.client("s3"), aws.client("dynamodb")
    route = {"sourceBucket": "source", "destinationBucket": "destination"}
    s3.create_bucket(Bucket="destination")
    create_audit_table(dynamodb, "audit")
    queues = ("CopyQueueUrl", "CopyDlqUrl", "AuditQueueUrl", "AuditDlqUrl")
    outputs = {queue: sqs.create_queue(QueueName=queue)["QueueUrl"] for queue in queues}
    outputs |= {"Routes": json.dumps([route]), "AuditTableName": "audit"}
    checks = Checks(s3, sqs, dynamodb, outputs)
    assert checks.check_the_rest([]) == []
    for number in range(12):
        sqs.send_message(QueueUrl=outputs["CopyDlqUrl"], MessageBody=f"{number}")
    assert checks.check_the_rest([]) == ["12 of 12 dead-lettered messages do not say why they are there"]
