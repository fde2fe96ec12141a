"""The `copytrail drain` command: a stack that may be taken down, with nothing under way in it."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from functools import partial

import click

from ops.drain.flow import Flow
from ops.drain.queues import check_dead_letters, check_empty, wait_until_empty
from ops.errors import CommandError
from ops.operation_events import operation
from ops.params.moment import span
from ops.stack import Output, Stack
from ops.terminal.prompts import confirm, note, yes_option
from shared.operations import OperationKind

_EXAMPLES = """\b
Examples:
  $ copytrail drain
  $ copytrail drain --undo
"""


@click.command(short_help="Bring what is under way to its end, before the stack is deleted.", epilog=_EXAMPLES)
@click.option("--undo", is_flag=True, help="Let uploads in again, and have them copied.")
@click.option(
    "--discard-dead-letters", is_flag=True, help="Go on although dead letters would be deleted with the stack."
)
@click.option(
    "--empty-for",
    type=span,
    default="1m",
    show_default=True,
    metavar="SPAN",
    help="How long a queue must have been seen empty: SQS's counts may be a minute late.",
)
@click.option(
    "--give-up-after",
    type=span,
    default="2h",
    show_default=True,
    metavar="SPAN",
    help="The longest wait for each queue.",
)
@yes_option
@click.pass_obj
def drain(
    stack: Stack, *, undo: bool, discard_dead_letters: bool, empty_for: timedelta, give_up_after: timedelta, yes: bool
) -> None:
    """Let no upload in any more, and wait until all that is under way is copied and recorded: exit code 0 then.

    `make destroy` runs it first, because a stack is deleted with its queues and all that is in them. In this order: the
    rules that feed the copy queue are disabled, and both functions take from their queues; once the copy queue is
    empty, the copier takes nothing more; once the audit queue is empty as well, nothing is lost when the stack is
    deleted. It stops, with exit code 1, where there are dead letters, or a queue does not become empty; a stack that is
    protected from deletion it leaves at work.

    Uploads from then on are not copied, and nobody is told of them: `copytrail reconcile` of a later stack finds them.
    To go on after Ctrl-C, run it again; --undo turns everything on again.

    It takes ReaderPolicyArn, ConfigurationReaderPolicyArn and ReplayerPolicyArn among the stack's outputs, and
    events:DisableRule, events:EnableRule and lambda:UpdateEventSourceMapping, which none of the stack's policies
    allows: they belong to those who may delete the stack. It is on record, in `copytrail audit operations`.
    """
    with ExitStack() as clients:
        events, lambda_, sqs = (
            clients.enter_context(closing(stack.client(service))) for service in ("events", "lambda", "sqs")
        )
        flow = Flow(stack, events, lambda_)
        if undo:
            if not confirm(f"Have '{stack.name}' copy what is uploaded to its source buckets again?", yes=yes):
                raise click.exceptions.Exit(1)
            with operation(stack, OperationKind.RESUME, subject=stack.name, filters={}) as running:
                running.count("rules", flow.resume())
            note("uploads are copied again; `copytrail backfill` and `reconcile --repair` copy those of meanwhile")
            return
        if stack.is_protected:
            raise CommandError(
                f"'{stack.name}' is protected from deletion, and goes on: take the protection off first"
                " (terminationProtection in cdk.json, or `aws cloudformation update-termination-protection"
                f" --no-enable-termination-protection --stack-name {stack.name}`)"
            )
        if not discard_dead_letters:
            check_dead_letters(stack, sqs)
        if not confirm(f"Stop '{stack.name}'? What is uploaded from now on is not copied", yes=yes):
            raise click.exceptions.Exit(1)
        wait = partial(
            wait_until_empty, sqs, empty_for_s=empty_for.total_seconds(), give_up_after_s=give_up_after.total_seconds()
        )
        with _how_to_go_on(stack):
            with operation(stack, OperationKind.DRAIN, subject=stack.name, filters={}) as running:
                running.count("rules", flow.stop())
                note("nothing is let in any more; what is queued is worked on to its end")
                wait(stack.output(Output.COPY_QUEUE_URL), "copy queue")
                flow.copier.switch(enabled=False)
                note("the copier takes nothing more")
            # The end of the operation is among what is recorded.
            wait(stack.output(Output.AUDIT_QUEUE_URL), "audit queue")
            check_empty(sqs, stack.output(Output.COPY_QUEUE_URL), "copy queue")
            if not discard_dead_letters:
                check_dead_letters(stack, sqs)
    click.echo(f"'{stack.name}' is drained: nothing is under way, and it may be deleted")


@contextmanager
def _how_to_go_on(stack: Stack) -> Iterator[None]:
    try:
        yield
    except BaseException:
        note(
            f"what has stopped in '{stack.name}' stays so: `copytrail drain` goes on from here, and"
            " `copytrail drain --undo` has uploads copied again"
        )
        raise
