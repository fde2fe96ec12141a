"""Owns what the copier is without a guard of its own; what S3, EventBridge and Lambda guard is left out by those."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from services.copier.copying import Copying
from services.copier.rounds import Order, Result
from tests.simulation.guards import Guards


@contextmanager
def applied(guards: Guards) -> Iterator[None]:
    """The rounds without their look after an overwrite, if that guard is off."""
    if guards.look_after_overwrite:
        yield
    else:
        with patch("services.copier.rounds.Rounds._moved_on", lambda *_: False):
            yield


class Careless(Copying):
    """Copying that takes every delivery for the first."""

    def bring_over(self, order: Order) -> Result:
        """Copy one upload along its route."""
        return super().bring_over(replace(order, retried=False))
