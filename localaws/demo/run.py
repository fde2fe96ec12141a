"""The demo from start to finish: deploy, upload, wait, check, show."""

import sys
import time

import click
from rich.console import Console
from rich.status import Status

from localaws.demo.checks import Checked, Checks, Uploaded
from localaws.demo.report import ALL_AS_IT_MUST_BE, json_line, show_table, summary
from localaws.demo.samples import samples
from localaws.embedded import EmbeddedAws
from localaws.lambda_service.service import python_shown

_LONGEST_WAIT_S = 120
_WIDTH_OF_A_FILE = 120


def run(*, as_json: bool) -> bool:
    """Upload, wait, check and show; whether everything was as it must be.

    Raises:
        LocalAwsError: the embedded AWS could not do its part; the message says why.
    """
    notes = Console(stderr=True, highlight=False)
    started = time.monotonic()
    with notes.status("Starting the embedded AWS") as status, EmbeddedAws() as aws:
        status.update("Synthesizing the template that `cdk deploy` ships, and putting its stack up")
        outputs = aws.deploy()
        notes.print(python_shown(aws.python), soft_wrap=True)
        notes.print(f"The stack is up on the embedded AWS after {time.monotonic() - started:.1f} s.")
        checks = Checks(aws.client("s3"), aws.client("sqs"), aws.client("dynamodb"), outputs)
        uploads = _upload_all(checks, status)
        status.update("Waiting until the system is quiet")
        aws.wait_until_quiet(timeout_s=_LONGEST_WAIT_S, waiting_for=lambda what: status.update(f"Waiting for: {what}"))
        status.update("Checking every copy, every record and every queue")
        checked = checks.check_uploads(uploads)
        problems = checks.check_the_rest(checked)
    _show(checked, as_json=as_json)
    notes.print(f"{summary(checked)}, in {time.monotonic() - started:.1f} s.")
    return _verdict(notes, checked, problems)


def _upload_all(checks: Checks, status: Status) -> list[Uploaded]:
    uploads = []
    for sample in samples():
        status.update(f"Uploading to {checks.source_bucket}: {sample.label}")
        uploads.append(checks.put(sample))
    return uploads


def _show(checked: list[Checked], *, as_json: bool) -> None:
    if as_json:
        for item in checked:
            click.echo(json_line(item))
    else:
        show_table(checked, Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE))


def _verdict(notes: Console, checked: list[Checked], problems: list[str]) -> bool:
    wrong = [f"{item.uploaded.sample.label}: {problem}" for item in checked for problem in item.problems] + problems
    for problem in wrong:
        notes.print(f"[bold red]Wrong:[/] {problem}")
    if not wrong:
        notes.print(f"[green]All as it must be:[/] {ALL_AS_IT_MUST_BE}")
    return not wrong
