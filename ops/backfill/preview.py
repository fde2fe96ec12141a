"""Owns the look at all that a backfill would request, before it requests anything."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from ops.backfill.cost import Cost, usd_shown
from ops.backfill.existing import Existence, Position
from ops.backfill.prices import LISTED
from ops.backfill.selection import LeftOut, Selection
from ops.backfill.told import CostTold, PreviewTold
from ops.terminal.formats import counted, duration_shown, size_shown
from shared.copy_plan import PartSizes

_WHY = {
    LeftOut.NO_ROUTE: "that no route takes",
    LeftOut.EVERY_VERSION: 'on routes with versions "every", which take S3\'s own events only',
    LeftOut.ARCHIVED: "archived (--include-archived requests them, for those that are restored)",
    LeftOut.TOO_LONG: "whose key at the destination would be too long",
}
_MONEY = len("under 0.01 USD")
# The bar moves on in steps: one at a time would take longer than the look itself.
_STEP = 1000


class Preview:
    """What copies would be requested of, and what they would cost."""

    def __init__(self, selection: Selection, parts: PartSizes) -> None:
        self._selection = selection
        self.objects = 0
        self.size = 0
        self.left_out: Counter[LeftOut] = Counter()
        self.cost = Cost(parts)

    def look(self, existence: Existence, advance: Callable[[int], None]) -> None:
        """Go over all objects once. Raises what `existence` raises."""
        for number, existing in enumerate(existence.objects(Position()), start=1):
            if number % _STEP == 0:
                advance(_STEP)
            if not self._selection.filters_take(existing):
                continue
            route = self._selection.route_of(existing)
            if isinstance(route, LeftOut):
                self.left_out[route] += 1
                continue
            self.objects += 1
            self.size += existing.size
            self.cost.add(existing, route)

    @property
    def in_short(self) -> str:
        """The preview in a few words."""
        return f"{counted(self.objects, 'object')} ({size_shown(self.size)}, {usd_shown(self.cost.usd)})"

    def shown(self, *, rate: float, as_of: datetime | None) -> dict[str, str]:
        """The preview for a person, a line each."""
        lines = {"Source": f"s3://{self._selection.bucket}"}
        if as_of is not None:
            lines["Inventory"] = f"of {as_of:%Y-%m-%d %H:%M} UTC: what was uploaded since then is not in it"
        lines["Objects"] = f"{self.objects:,}"
        lines["Size"] = size_shown(self.size)
        if self.left_out:
            lines["Left out"] = self.left_out_shown
        if self.objects:
            lines |= self._bill()
            lines["Takes"] = f"{duration_shown(self.objects / rate)} to request, at {rate:,g} a second"
        return lines

    @property
    def left_out_shown(self) -> str:
        """What is left out and why, or ""."""
        return ", ".join(f"{count:,} {_WHY[why]}" for why, count in sorted(self.left_out.items()))

    def _bill(self) -> dict[str, str]:
        bill = [
            (item.name, size_shown(item.amount) if item.unit == "bytes" else f"{item.amount:,} {item.unit}", item.usd)
            for item in self.cost.items()
        ]
        width = max(len(amount) for _, amount, _ in bill)
        lines = {name: f"{amount.ljust(width)}  {usd_shown(usd):>{_MONEY}}" for name, amount, usd in bill}
        lines["Together"] = f"{'':{width}}  {usd_shown(self.cost.usd):>{_MONEY}}"
        lines["Prices"] = f"as listed for {LISTED}; without data transfer and storage"
        return lines

    def attributes(self) -> dict[str, object]:
        """The preview for a program."""
        return PreviewTold(
            source_bucket=self._selection.bucket,
            objects=self.objects,
            size=self.size,
            left_out={str(why): count for why, count in sorted(self.left_out.items())},
            cost=tuple(
                CostTold(item=item.name, amount=item.amount, unit=item.unit, usd=round(item.usd, 6))
                for item in self.cost.items()
            ),
            usd=round(self.cost.usd, 6),
            prices=LISTED,
        ).attributes()
