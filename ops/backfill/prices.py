"""AWS's list prices, without free tiers and volume discounts, as `prices.json` has them: dated, each with its page."""

from collections.abc import Mapping
from pathlib import Path

import msgspec


class Price(msgspec.Struct, frozen=True):
    """So many US dollars for so many of something, and the page that says so."""

    usd: float
    per: int
    of: str
    page: str

    @property
    def each(self) -> float:
        """US dollars for one."""
        return self.usd / self.per


class PriceList(msgspec.Struct, frozen=True):
    """The prices of a region: the month for which they are listed, and the day on which that was checked."""

    region: str
    as_of: str
    checked_on: str
    prices: Mapping[str, Price]

    def __getitem__(self, name: str) -> float:
        """US dollars for one."""
        return self.prices[name].each


PRICES = msgspec.json.decode(Path(__file__).with_suffix(".json").read_bytes(), type=PriceList)
PRICES_OF = f"{PRICES.region}, {PRICES.as_of}"
