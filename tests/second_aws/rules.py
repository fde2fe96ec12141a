"""A rule of AWS's behaviour that our code depends on: where AWS states it, and a small question that shows it.

Each question is asked of the embedded AWS and of ministack; what either answers otherwise than AWS stands with the
rule, so that a change of theirs is noticed, whichever way it goes.
"""

import itertools
import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.exceptions import ClientError

from localaws.embedded import ACCOUNT_ID, REGION

DONE = "done"
_LONGEST_WAIT_S = 3
# How long nothing has to arrive until it counts as never arriving. Both send what an event leads to at once.
_NOTHING_AFTER_S = 0.2
_POLL_EVERY_S = 0.02

_numbers = itertools.count(1)


class Site:
    """An AWS as a question sees it. Every bucket, queue and rule has a name of its own."""

    def __init__(self, client: Callable[[str], Any], endpoint_url: str) -> None:
        self.client = client
        self.s3, self.sqs, self.events = client("s3"), client("sqs"), client("events")
        self.dynamodb = client("dynamodb")
        self._endpoint_url = endpoint_url

    def name(self) -> str:
        """A name that nothing has yet."""
        return f"rule-{next(_numbers)}"

    def bucket(self, *, versioned: bool = False, told: bool = False) -> str:
        """Make a bucket, `told`: whose events go to EventBridge."""
        name = self.name()
        self.s3.create_bucket(Bucket=name)
        if versioned:
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if told:
            self.s3.put_bucket_notification_configuration(
                Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
            )
        return name

    def two(self, *, versioned: bool = False) -> tuple[dict[str, str], dict[str, str]]:
        """Make two buckets; a key in the one, and the same in the other."""
        return tuple({"Bucket": self.bucket(versioned=versioned), "Key": "key"} for _ in range(2))  # type: ignore[return-value]  # two

    def queue(self, **attributes: str) -> str:
        """Make a queue; its URL."""
        return str(self.sqs.create_queue(QueueName=self.name(), Attributes=attributes)["QueueUrl"])

    def rule(self, pattern: Mapping[str, Any], queue: str, *, bus: str = "default", **target: Any) -> str:
        """Send what fits the pattern from a bus to a queue; the rule's name."""
        name = self.name()
        self.events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        whole = {"Id": "1", "Arn": arn_of(queue), **target}
        self.events.put_targets(Rule=name, EventBusName=bus, Targets=[whole])
        return name

    def told_of(self, bucket: str) -> str:
        """Make a queue for all that S3 tells of a bucket; its URL."""
        queue = self.queue()
        self.rule({"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}, queue)
        return queue

    def messages(self, queue: str, number: int, *, within_s: float = _LONGEST_WAIT_S) -> list[Any]:
        """Receive and delete messages until there are so many, or the time is over; with all attributes."""
        found: list[Any] = []
        give_up_at = time.monotonic() + within_s
        while len(found) < number and time.monotonic() < give_up_at:
            for message in self.receive(queue):
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(message)
            if len(found) < number:
                time.sleep(_POLL_EVERY_S)
        return found

    def receive(self, queue: str, *, hidden_s: int = 60) -> list[Any]:
        """Up to ten messages, with all attributes."""
        asked = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10}
        return list(self.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=hidden_s, **asked).get("Messages", []))

    def told(self, queue: str, number: int) -> list[Any]:
        """So many events, and any that are one too many."""
        messages = self.messages(queue, number) + self.messages(queue, 1, within_s=_NOTHING_AFTER_S)
        return [json.loads(message["Body"]) for message in messages]

    def raw(self, method: str, bucket: str, key: str, headers: Mapping[str, bytes], body: bytes = b"") -> HTTPResponse:
        """A request as no SDK makes it, with header values as they are."""
        place = urlsplit(self._endpoint_url).netloc
        scope = f"test/20260101/{REGION}/s3/aws4_request"
        signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        with closing(HTTPConnection(place)) as connection:
            connection.request(method, f"/{bucket}/{quote(key)}", body, {"Authorization": signed, **headers})
            answer = connection.getresponse()
            answer.read()
            return answer


@dataclass(frozen=True)
class Rule:
    """What AWS does, what of ours rests on it, and what the two answer where it is not what AWS answers.

    `aws`, `embedded` and `second` are answers of `ask`; `page` is the AWS page that states the rule.
    """

    service: str
    says: str
    page: str
    rests: str
    aws: str
    ask: Callable[[Site], str]
    embedded: str | None = None
    second: str | None = None

    @property
    def name(self) -> str:
        """What tests call it."""
        return self.ask.__name__


def rule(
    service: str,
    says: str,
    *,
    page: str,
    rests: str,
    aws: str = DONE,
    embedded: str | None = None,
    second: str | None = None,
) -> Callable[[Callable[[Site], str]], Rule]:
    """Make a rule of the question that shows it."""

    return lambda ask: Rule(service, says, page, rests, aws, ask, embedded, second)


def attempt(call: Callable[..., Any], **arguments: Any) -> str:
    """`done`, or the status and code of a refusal."""
    try:
        call(**arguments)
    except ClientError as error:
        answer = error.response
        status, code = answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]
        return f"{status} {code}" if code != str(status) else code
    return DONE


def arn_of(queue_url: str) -> str:
    """The ARN of a queue."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{queue_url.rpartition('/')[2]}"
