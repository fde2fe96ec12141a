"""`copytrail local up`: the embedded AWS in the foreground, until it is told to stop."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import click
import msgspec
from rich.console import Console
from rich.text import Text

from localaws.display import line_shown, route_shown, upload_suggested
from localaws.embedded import EmbeddedAws
from localaws.lambda_service.service import python_shown
from shared.routes import Route

_SHOWN_VARIABLES = (
    *("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    # Programs read one or the other, and a region set before must not win.
    *("AWS_REGION", "AWS_DEFAULT_REGION"),
)
# What `copytrail` looks for, and what tells it of another stack.
_DEFAULT_STACK = "copytrail"
_STACK_VARIABLE = "COPYTRAIL_STACK"


def stay_up(port: int, stack: str | None) -> None:
    """Start, deploy, say how to talk to it, and show transfers until SIGINT or SIGTERM.

    Args:
        port: to listen on.
        stack: the stack's name; None as `cdk.json` says.

    Raises:
        LocalAwsError: with exit code 2 when the port is in use or cdk.json is wrong, else 1.
    """
    console = Console(stderr=True, highlight=False)
    try:
        with _signals_as_interrupt(), EmbeddedAws(port) as aws:
            _show_log(aws, console)
            outputs = _deploy(aws, stack, console)
            _introduce(aws, outputs, console)
            aws.wait_until_it_ends()
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.", style="dim")


def _deploy(aws: EmbeddedAws, stack: str | None, console: Console) -> dict[str, str]:
    began = time.monotonic()
    with console.status("Putting the stack up (the first time takes half a minute)"):
        outputs = aws.deploy({"stackName": stack} if stack else None)
    console.print(python_shown(aws.python), style="dim", soft_wrap=True)
    console.print(f"The stack is up after {time.monotonic() - began:.1f} s.", style="dim")
    return outputs


def _introduce(aws: EmbeddedAws, outputs: dict[str, str], console: Console) -> None:
    # On stdout and nothing else there, so that a script can take them; when they come, the stack is up.
    for name in _SHOWN_VARIABLES:
        click.echo(f"export {name}={aws.environment[name]}")
    if aws.stack_name != _DEFAULT_STACK:
        click.echo(f"export {_STACK_VARIABLE}={aws.stack_name}")
    routes = msgspec.json.decode(outputs.get("Routes", "[]"), type=list[Route])
    for route in routes:
        console.print(Text(route_shown(route)), soft_wrap=True)
    if routes:
        console.print("Paste the `export` lines into another terminal, then:")
        console.print(Text(f"  {upload_suggested(routes[0])}"), soft_wrap=True)
    console.print("Ctrl-C stops it.", style="dim")


def _show_log(aws: EmbeddedAws, console: Console) -> None:
    def show(function: str, line: str) -> None:
        if text := line_shown(function, line):
            console.print(text, soft_wrap=True)

    aws.on_log_line(show)


@contextmanager
def _signals_as_interrupt() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into KeyboardInterrupt; further ones must not break the stopping."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001  # the handler's signature
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for each in before:
        signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
