"""A program that runs one function's handler where every AWS call is answered at once, and prints the CPU of a message.

`benchmarks.messages` runs it on the functions' Python, with nothing but an asset: python FILE ASSET SERVICE SIZE COUNT,
the body of each message on stdin.
"""

import importlib
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

_COPIED = b'<CopyObjectResult><ETag>"0"</ETag><LastModified>2026-11-25T00:00:00.000Z</LastModified></CopyObjectResult>'
_WARM_UP = 10


class _Raw:
    """What urllib3 would read an answer's body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """The body, in one."""
        yield self._body


class Context:
    """Lambda's context."""

    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        """All the time there is."""
        return 100_000


def _answer(request: Any, **_: Any) -> Any:
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - the asset's own

    target = str(request.headers.get("X-Amz-Target", ""))
    body = b"{}" if target else _COPIED
    if "PutEvents" in target:
        entries = len(json.loads(request.body)["Entries"])
        body = json.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}] * entries}).encode()
    return AWSResponse(request.url, 200, {"content-length": str(len(body))}, _Raw(body))  # type: ignore[arg-type]


def main() -> None:
    """Warm the function up, and measure."""
    asset, service, size, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    sys.path.insert(0, asset)
    import boto3  # noqa: PLC0415 - the asset's own

    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("before-send", _answer)  # type: ignore[union-attr]
    handler = importlib.import_module(f"services.{service}.handler").handler
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))}
    record = {"receiptHandle": "1", "body": sys.stdin.read(), "eventSourceARN": "arn", "attributes": attributes}

    def invoke(number: int) -> None:
        records = [{**record, "messageId": f"{number}-{each}"} for each in range(size)]
        answer = handler({"Records": records}, Context())
        if answer != {"batchItemFailures": []}:
            sys.exit(f"not all messages ended: {answer}")

    for number in range(_WARM_UP):
        invoke(number)
    invocations = count // size
    began = time.process_time()
    for number in range(invocations):
        invoke(number)
    print(json.dumps((time.process_time() - began) / (invocations * size)), file=sys.stderr)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
