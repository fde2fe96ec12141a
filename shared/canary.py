"""Canaries: where on a route the small objects go that are uploaded to see whether uploads arrive."""

from shared.routes import Route

# In the key of each canary, and at the destination in that of its copy.
MARK = "copytrail-canary/"


def beginning_of_canaries(route: Route) -> str:
    """What the keys of a route's canaries begin with: one of its own prefixes, so that the route takes them."""
    return f"{next(iter(route.prefixes), '')}{MARK}"
