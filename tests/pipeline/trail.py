"""A deployed copytrail on the embedded AWS, as a person with boto3 sees it."""

import json
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

from localaws.embedded import EmbeddedAws, NotQuietError
from shared.audit_log.query import AuditQuery
from shared.audit_log.record import Record
from tests.deployed import DeployedFunction
from tests.visibility import let_them_pass_everywhere


@dataclass
class Trail:
    """A deployed copytrail, as a person with boto3 sees it; `source` and `destination` are its first route's."""

    aws: EmbeddedAws
    outputs: dict[str, str]

    def __post_init__(self) -> None:
        route, *_ = json.loads(self.outputs["Routes"])
        self.source, self.destination = route["sourceBucket"], route["destinationBucket"]
        self.s3 = self.aws.client("s3")
        self.sqs = self.aws.client("sqs")
        self.query = AuditQuery(self.aws.client("dynamodb"), self.outputs["AuditTableName"])
        self.copier = DeployedFunction(self.aws, self.outputs["CopierFunctionName"])
        self.auditor = DeployedFunction(self.aws, self.outputs["AuditorFunctionName"])

    def upload(self, key: str, body: bytes = b"body", **properties: Any) -> str:
        """Put an object; its ETag without quotes."""
        return str(self.s3.put_object(Bucket=self.source, Key=key, Body=body, **properties)["ETag"]).strip('"')

    def upload_raw(self, key: str, body: bytes, headers: Mapping[str, bytes]) -> None:
        """Put an object with header values as no SDK would send them."""
        path = f"/{self.source}/{quote(key)}"
        signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        known = {"Authorization": signed, "Content-Type": "application/octet-stream"}
        with closing(HTTPConnection(urlsplit(self.aws.endpoint_url).netloc)) as connection:
            connection.request("PUT", path, body, {**known, **headers})
            assert connection.getresponse().status == 200

    def copy_of(self, key: str) -> bytes | None:
        """What the destination holds under a key."""
        try:
            return bytes(self.s3.get_object(Bucket=self.destination, Key=key)["Body"].read())
        except self.s3.exceptions.NoSuchKey:
            return None

    def records(self, key: str, bucket: str | None = None) -> list[Record]:
        """Every record of a key, in the order of its uploads."""
        return list(self.query.by_object(bucket or self.source, key))

    def wait_until_quiet(self) -> None:
        """Wait until nothing is under way."""
        self.aws.wait_until_quiet(timeout_s=60)

    def wait_a_moment(self) -> None:
        """Let the others go on for a while."""
        with suppress(NotQuietError):
            self.aws.wait_until_quiet(timeout_s=0.05)

    def skip_delays_until_quiet(self) -> None:
        """Wait until nothing is under way, passing over the retry delays and visibility timeouts of idle functions."""
        for _ in range(300):
            try:
                self.aws.wait_until_quiet(timeout_s=0.2)
            except NotQuietError:
                if not (self.copier.busy or self.auditor.busy):
                    let_them_pass_everywhere(self.aws)
            else:
                return
        self.wait_until_quiet()

    def send(self, *bodies: str, queue: str = "CopyQueueUrl") -> list[str]:
        """Put message bodies into a queue as they are; their message ids."""
        return [self.sqs.send_message(QueueUrl=self.outputs[queue], MessageBody=body)["MessageId"] for body in bodies]

    def take_all(self, queue: str) -> list[Any]:
        """Receive and delete everything that a queue holds."""
        taken: list[Any] = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.outputs[queue],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.outputs[queue], ReceiptHandle=message["ReceiptHandle"])
            taken += messages
        return taken

    def letters(self, queue: str = "CopyDlqUrl") -> list[dict[str, str]]:
        """Take every dead letter: its attributes, and its body as `Body`."""
        return [
            {name: value["StringValue"] for name, value in letter.get("MessageAttributes", {}).items()}
            | {"Body": letter["Body"]}
            for letter in self.take_all(queue)
        ]
