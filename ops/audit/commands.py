"""Owns `copytrail audit`: what its commands are."""

import click

from ops.audit.exporting import export
from ops.audit.getting import get
from ops.audit.history import history
from ops.audit.listing import list_
from ops.audit.operations import operations
from ops.audit.stats import stats
from ops.audit.tailing import tail


@click.group()
def audit() -> None:
    """Look up what became of uploads, and what operators did."""


for command in (export, get, history, list_, operations, stats, tail):
    audit.add_command(command)
