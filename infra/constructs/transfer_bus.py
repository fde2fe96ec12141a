"""Owns the transfer bus: what became of each upload, and what operators ask for."""

from aws_cdk import aws_events as events
from constructs import Construct


def place_transfer_bus(scope: Construct, id_: str, *, name: str) -> events.EventBus:
    """The bus; nobody outside the account may use it."""
    return events.EventBus(
        scope, id_, event_bus_name=name, description="copytrail: what became of each upload, and what is asked for"
    )
