"""The benchmark of the functions' own work: the CPU time of a message, in batches of one and of ten.

The functions run as they are shipped, on their own Python, and build, sign and parse every request. Only the network is
not there: each answer is at hand at once, and without TLS.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks import function_program
from benchmarks.cold_start import ENVIRONMENT
from benchmarks.dataset.events import envelope
from benchmarks.measured import measure
from benchmarks.report import Result
from infra.bundling import CALLS, Target, bundle
from infra.interpreters import Interpreter, lambda_python
from shared.events import COPYTRAIL_SOURCE, OBJECT_CREATED, S3_SOURCE, Completion, Destination, Outcome, Upload

BATCHES = (1, 10)
_AT = datetime(2026, 11, 25, tzinfo=UTC)
_UPLOAD = Upload(
    bucket="uploads", key="reports/2026/11/25/report.csv", etag="0", size=1000, uploaded_at=_AT, sequencer="A"
)


def run(count: int) -> Iterator[Result]:
    """Have each function process so many messages, in batches of each size."""
    python = lambda_python() or Interpreter.own()
    with TemporaryDirectory(prefix="copytrail-messages-") as temporary:
        folder = Path(temporary)
        for service in CALLS:
            asset = bundle(service, target=Target.host(python))
            body = folder / f"{service}.body"
            body.write_text(message_body(service))
            for size in BATCHES:
                arguments = f"{function_program.__file__} {asset} {service} {size} {count}"
                command = ["/bin/sh", "-c", f"exec {python.executable} -I -S -B {arguments} < {body}"]
                measured = measure(command, name=service, folder=folder, environment=ENVIRONMENT)
                problems = [measured.stderr.read_text()] if measured.exit_code else []
                note = "" if problems else f"{json.loads(measured.stderr.read_text()) * 1000:.2f} ms of CPU a message"
                yield Result(f"{service}, batches of {size}", count, measured, note, problems)


def message_body(service: str) -> str:
    """An event as EventBridge writes it into the function's queue."""
    if service == "copier":
        created = {"key": _UPLOAD.key, "size": _UPLOAD.size, "etag": _UPLOAD.etag, "sequencer": _UPLOAD.sequencer}
        detail = {"version": "0", "bucket": {"name": _UPLOAD.bucket}, "object": created, "reason": "PutObject"}
        return envelope(S3_SOURCE, OBJECT_CREATED, detail)
    completion = Completion(
        log_id="0d7e6d6c-2a5c-5b6e-8f0a-1d2c3b4a5e6f",
        outcome=Outcome.COPIED,
        upload=_UPLOAD,
        attempt=1,
        started_at=_AT,
        finished_at=_AT,
        destination=Destination(bucket="copies", key=_UPLOAD.key, etag="0"),
        method="CopyObject",
        parts=1,
    )
    return envelope(COPYTRAIL_SOURCE, completion.detail_type, msgspec.to_builtins(completion))
