"""The benchmark of a cold start: a function's process up to where it can take its first message, with its bytecode and
without.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median_low
from tempfile import TemporaryDirectory

from benchmarks.measured import Measured, measure
from benchmarks.report import Result
from infra.bundling import CALLS, Target, bundle
from infra.bytecode import compile_modules
from infra.interpreters import Interpreter, lambda_python

# The handler is imported, and all clients are made, as by the first message.
_START = "import sys; sys.path.insert(0, sys.argv[1]); from services.{} import handler, wiring; wiring.build()"
_QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/queue"
ENVIRONMENT = {
    "PATH": os.defpath,
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AUDIT_DLQ_URL": _QUEUE,
    "AUDIT_QUEUE_URL": _QUEUE,
    "AUDIT_TABLE_NAME": "records",
    "BUCKET_OWNERS": "{}",
    "COPY_DLQ_URL": _QUEUE,
    "COPY_QUEUE_URL": _QUEUE,
    "LARGEST_PART_BYTES": str(5 * 1024**3),
    "MAX_RECEIVE_COUNT": "5",
    "MULTIPART_THRESHOLD_BYTES": str(256 * 1024**2),
    "PART_SIZE_BYTES": str(256 * 1024**2),
    "POWERTOOLS_METRICS_NAMESPACE": "Copytrail",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "ROUTES": '[{"sourceBucket": "uploads", "destinationBucket": "copies"}]',
    "TRANSFER_BUS_NAME": "transfers",
}


def run(starts: int) -> Iterator[Result]:
    """Start each function so often with its bytecode and without, in turns; what the middle one took.

    It is the asset's Python code on this machine's processor, as nothing here runs what is compiled for Lambda's.
    """
    python = lambda_python() or Interpreter.own()
    with TemporaryDirectory(prefix="copytrail-cold-start-") as temporary:
        folder = Path(temporary)
        for service in CALLS:
            plain = bundle(service, target=Target.host(python))
            compiled = folder / service
            shutil.copytree(plain, compiled)
            compile_modules(compiled, python=python)
            assets = {f"{service} without .pyc": plain, f"{service} with .pyc": compiled}
            taken: Mapping[str, list[Measured]] = {what: [] for what in assets}
            for _ in range(starts):
                for what, asset in assets.items():
                    taken[what].append(_start(service, asset, python, folder))
            for what, runs in taken.items():
                yield _middle(what, runs, note=f"Python {python.name}, median of {starts}")


def _start(service: str, asset: Path, python: Interpreter, folder: Path) -> Measured:
    # -B: /var/task is read-only, so that Lambda keeps nothing of what it compiles.
    command = [str(python.executable), "-I", "-S", "-B", "-c", _START.format(service), str(asset)]
    return measure(command, name=service, folder=folder, environment=ENVIRONMENT)


def _middle(what: str, runs: list[Measured], *, note: str) -> Result:
    middle = median_low([run.cpu_seconds for run in runs])
    [*_, measured] = [run for run in runs if run.cpu_seconds == middle]
    problems = [f"it ended with {run.exit_code}: {run.stderr.read_text()}" for run in runs if run.exit_code]
    return Result(what, 1, measured, f"{middle * 1000:,.0f} ms of CPU, {note}", problems)
