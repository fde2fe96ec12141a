"""Preview of a backfill: how many objects, how large, what is left out, and what it would cost."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from ops.backfill.cost import Cost, CostItem, usd_shown
from ops.backfill.objects import LeftOut, Selection, SourceObject
from ops.backfill.prices import PRICES_OF
from ops.terminal.formats import counted, duration_shown
from ops.terminal.json import JsonObject
from shared.copy_plan import PartSizes
from shared.humanize import size_shown

_WHY = {
    LeftOut.NO_ROUTE: "that no route takes",
    LeftOut.EVERY_VERSION: 'on routes with versions "every", which take S3\'s own events only',
    LeftOut.ARCHIVED: "archived (--include-archived requests them, for those that are restored)",
    LeftOut.TOO_LONG: "whose key at the destination would be too long",
}
_MONEY = len("under 0.01 USD")
# The bar moves on in steps: one at a time would take longer than the count itself.
_STEP = 1000


class Preview:
    """What copies would be requested of, and what they would cost."""

    def __init__(self, selection: Selection, parts: PartSizes) -> None:
        self._selection = selection
        self.objects = 0
        self.size = 0
        self.left_out: Counter[LeftOut] = Counter()
        self.cost = Cost(parts)

    def count(self, objects: Iterable[SourceObject], advance: Callable[[int], None]) -> None:
        """Count all objects once. Raises what `objects` raises."""
        for number, source_object in enumerate(objects, start=1):
            if number % _STEP == 0:
                advance(_STEP)
            if not self._selection.filters_take(source_object):
                continue
            route = self._selection.route_of(source_object)
            if isinstance(route, LeftOut):
                self.left_out[route] += 1
                continue
            self.objects += 1
            self.size += source_object.size
            self.cost.add(source_object, route)

    @property
    def in_words(self) -> str:
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
            (item.item, size_shown(item.amount) if item.unit == "bytes" else f"{item.amount:,} {item.unit}", item.usd)
            for item in self.cost.items()
        ]
        width = max(len(amount) for _, amount, _ in bill)
        lines = {name: f"{amount.ljust(width)}  {usd_shown(usd):>{_MONEY}}" for name, amount, usd in bill}
        lines["Together"] = f"{'':{width}}  {usd_shown(self.cost.usd):>{_MONEY}}"
        lines["Prices"] = f"as listed for {PRICES_OF}; without data transfer and storage"
        return lines

    def attributes(self) -> dict[str, object]:
        """The preview for a program."""
        return PreviewSummary(
            source_bucket=self._selection.bucket,
            objects=self.objects,
            size=self.size,
            left_out={str(why): count for why, count in sorted(self.left_out.items())},
            cost=tuple(self.cost.items()),
            usd=self.cost.usd,
            prices=PRICES_OF,
        ).attributes()


class PreviewSummary(JsonObject, frozen=True, kw_only=True):
    """What a backfill would request, and what that would cost."""

    source_bucket: str
    objects: int
    size: int
    left_out: Mapping[str, int]
    cost: tuple[CostItem, ...]
    usd: float = msgspec.field(name="USD")
    prices: str
