"""The template of cdk.json on ministack: uploads, copies, records, dead letters, and the commands of the operator.

The tests build on each other in this order, as a person would who tries the system.
"""

import json
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from localaws.demo.checks import Checks, Uploaded
from localaws.demo.samples import Sample, samples
from shared.audit_log.query import AuditQuery
from shared.audit_log.record import Record
from shared.events import Upload
from tests.fakes.bodies import object_created
from tests.second_aws.second import SecondAws
from tests.terminal import Terminal

# A machine that has built nothing yet builds the assets, for Lambda and for itself, in the time of the first test.
pytestmark = [pytest.mark.second_aws, pytest.mark.timeout(600)]

MEBIBYTE = 1024**2
MORE_SAMPLES = [
    Sample("6 MiB", "six.bin", Random(6).randbytes(6 * MEBIBYTE)),
    Sample("9 MiB, in parts", "nine.bin", Random(9).randbytes(9 * MEBIBYTE)),
    Sample("key: all at once", "ä b/1+1=2%20%2B.txt", b"ministack"),
    Sample("key: decoded twin", "ä b/1 1=2 +.txt", b"its decoded twin"),
    Sample("key: empty folder", "dir/", b""),
    Sample("metadata", "metadata", b"", {"Metadata": {"name": "value"}, "Tagging": "a=b%2Bc"}),
]


@dataclass(frozen=True)
class Deployed:
    """The system on ministack, a person's clients, and the `copytrail` command."""

    aws: SecondAws
    outputs: dict[str, str]
    checks: Checks
    terminal: Terminal

    def upload(self, sample: Sample) -> Uploaded:
        return self.checks.put(sample)

    def records(self, key: str) -> list[Record]:
        query = AuditQuery(self.aws.client("dynamodb"), self.outputs["AuditTableName"])
        return list(query.by_object(self.checks.source_bucket, key))

    def wait_until_on_record(self, keys: list[str]) -> None:
        """Wait until each upload of these keys has a record, and no message is under way."""
        uploads = Counter(keys)
        self.aws.wait_for(lambda: uploads - Counter({key: len(self.records(key)) for key in uploads}))
        self.wait_until_quiet()

    def wait_until_quiet(self) -> None:
        self.aws.wait_for(lambda: [queue for queue in ("CopyQueueUrl", "AuditQueueUrl") if self.messages_in(queue)])

    def messages_in(self, queue: str) -> int:
        asked = {"QueueUrl": self.outputs[queue], "AttributeNames": ["All"]}
        told = self.aws.client("sqs").get_queue_attributes(**asked)["Attributes"]
        return sum(int(number) for name, number in told.items() if name.startswith("ApproximateNumberOfMessages"))

    def run(self, *arguments: str) -> tuple[int, list[Any]]:
        """Run `copytrail … --json`; its exit code and the lines that it printed."""
        ended = self.terminal.run(*arguments, "--json")
        assert "Traceback" not in ended.stderr
        return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.fixture(scope="module")
def deployed(second: SecondAws, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    outputs = second.deploy()
    checks = Checks(second.client("s3"), second.client("sqs"), second.client("dynamodb"), outputs)
    return Deployed(second, outputs, checks, Terminal(tmp_path_factory.mktemp("home"), second.environment))


@pytest.fixture(scope="module")
def uploaded(deployed: Deployed) -> list[Uploaded]:
    """What was uploaded, when all of it is on record. Without the archived object: ministack copies it, unlike S3."""
    chosen = [sample for sample in [*samples(), *MORE_SAMPLES] if sample.reason != "Archived"]
    uploads = [deployed.upload(sample) for sample in chosen]
    deployed.wait_until_on_record([upload.sample.key for upload in uploads])
    return uploads


def test_what_is_dead_lettered_says_why_and_is_copied_by_a_replay(deployed: Deployed) -> None:
    s3, route = deployed.aws.client("s3"), json.loads(deployed.outputs["Routes"])[0]
    s3.delete_bucket(Bucket=route["destinationBucket"])
    key = "while it was gone"
    deployed.upload(Sample(key, key, b"body"))
    deployed.wait_until_on_record([key])
    [failed] = deployed.records(key)

    code, [status] = deployed.run("status")
    assert (code, status["Health"]) == (1, "NotHealthy")
    assert status["Queues"]["copy"]["DeadLettersByReason"] == {"NoSuchBucket": 1}
    code, [letter] = deployed.run("dlq", "ls")
    assert (code, letter["ObjectKey"], letter["Reason"]) == (0, key, "NoSuchBucket")
    assert letter["LogID"] == failed.log_id

    s3.create_bucket(Bucket=route["destinationBucket"])
    code, replayed = deployed.run("dlq", "replay", "--all", "--yes", "--wait")

    assert code == 0, replayed
    assert [(record.outcome, record.trigger) for record in deployed.records(key)] == [
        ("Failed", "upload"),
        ("Copied", "replay"),
    ]
    assert deployed.run("dlq", "ls") == (0, [])


def test_every_upload_is_copied_as_it_is_and_on_record_once(deployed: Deployed, uploaded: list[Uploaded]) -> None:
    checked = deployed.checks.check_uploads(uploaded)
    assert {item.uploaded.sample.label: item.problems for item in checked if item.problems} == {}


def test_the_commands_agree_with_what_was_uploaded(deployed: Deployed, uploaded: list[Uploaded]) -> None:
    code, [status] = deployed.run("status")
    assert (code, status["Health"], status["NotRead"]) == (0, "Healthy", [])

    code, found = deployed.run("doctor")
    assert (code, [each for each in found if each["State"] != "Fine"]) == (0, [])

    code, records = deployed.run(
        "audit", "list", "--since", "1h", "--trigger", "upload", "--outcome", "copied", "--outcome", "skipped"
    )
    assert (code, len(records)) == (0, len(uploaded))

    code, [*differences, summary] = deployed.run("reconcile", "--in-flight-since", "0s", "--deep")
    assert (code, differences, summary["Differences"]) == (0, [], 0)


@pytest.mark.usefixtures("uploaded")
def test_an_upload_that_is_told_of_again_leaves_no_second_record(deployed: Deployed) -> None:
    [record] = deployed.records("sample.zip")
    again = Upload(
        bucket=record.source_bucket,
        key=record.object_key,
        etag=record.source_etag,
        size=record.size,
        uploaded_at=record.uploaded_at,
        sequencer=record.sequencer or "",
    )

    deployed.aws.client("sqs").send_message(
        QueueUrl=deployed.outputs["CopyQueueUrl"], MessageBody=object_created(again)
    )
    deployed.wait_until_quiet()

    assert deployed.records("sample.zip") == [record]


def test_a_canary_is_followed_to_its_record(deployed: Deployed) -> None:
    code, steps = deployed.run("doctor", "--canary")
    assert code == 0, steps


def test_a_large_object_is_copied_in_parts(deployed: Deployed) -> None:
    lambda_, name = deployed.aws.client("lambda"), deployed.outputs["CopierFunctionName"]
    variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    smaller = {"MULTIPART_THRESHOLD_BYTES": str(5 * MEBIBYTE), "PART_SIZE_BYTES": str(5 * MEBIBYTE)}
    lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables | smaller})

    upload = deployed.upload(
        Sample(
            "12 MiB", "in/parts +%20ä", Random(12).randbytes(12 * MEBIBYTE), {"Metadata": {"a": "b"}, "Tagging": "c=d"}
        )
    )
    deployed.wait_until_on_record([upload.sample.key])

    [checked] = deployed.checks.check_uploads([upload])
    assert (checked.record["Method"], checked.record["Parts"], checked.problems) == ("UploadPartCopy", 3, ())
