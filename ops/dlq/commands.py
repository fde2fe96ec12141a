"""Owns `copytrail dlq`: what its commands are."""

import click

from ops.dlq.drop import drop
from ops.dlq.exporting import export
from ops.dlq.importing import import_
from ops.dlq.listing import ls
from ops.dlq.replay import replay
from ops.dlq.showing import show


@click.group()
def dlq() -> None:
    """Look at dead letters: what failed, and why. Replay them, or drop them."""


for command in (drop, export, import_, ls, replay, show):
    dlq.add_command(command)
