"""What people do in a schedule, and in which world: drawn from a seed."""

import random
from dataclasses import dataclass, replace

from tests.simulation.faults import AFTER_A_STEP_BACK, CRASH_POINTS, FaultPlan

SOURCE = "in"
DESTINATION = "out"


@dataclass(frozen=True)
class Put:
    """An upload. `initiated_s`: one in parts, begun so many seconds ago; LastModified tells of that moment."""

    key: str
    body: bytes
    metadata: str
    tags: str
    initiated_s: float | None = None


@dataclass(frozen=True)
class Delete:
    """A delete of the newest upload; a marker, on a versioned bucket."""

    key: str


@dataclass(frozen=True)
class Request:
    """An operator's request that what is there be copied."""

    key: str


Action = Put | Delete | Request


@dataclass(frozen=True)
class Scenario:
    """A history and the world it happens in.

    `pace`: seconds between steps, at most. `eagerness`: how likely the next step is a person's. `sticky`: how likely a
    task that ran goes on. `freezing`: how likely it stops instead, until nobody else has anything to do: that is what
    brings whole transfers of others between two calls. `delays_s`: how long EventBridge may take. `skew_s`: how far the
    copiers' clock is from S3's.
    """

    actions: tuple[Action, ...]
    versioned_source: bool
    versioned_destination: bool
    copiers: int
    auditors: int
    batch: int
    max_receive_count: int
    visibility_s: float
    pace: float
    sticky: float
    freezing: float
    eagerness: float
    skew_s: float
    delays_s: tuple[float, ...]
    replays: int
    short_invocations: int
    plan: FaultPlan


def draw(rng: random.Random) -> Scenario:
    """Any scenario. Contents that return, and equal bytes with other properties, are frequent."""
    scenario = _any(rng)
    return _returning(rng, scenario) if rng.random() < 0.35 else scenario


def _returning(rng: random.Random, scenario: Scenario) -> Scenario:
    """The same, with contents that return on one key without versions, and others' whole transfers between calls."""
    contents = rng.choice(("ABA", "ABA", "AAA", "ABAB"))
    sizes = rng.choice(({"A": 1, "B": 2}, {"A": 1, "B": 2}, {"A": 3, "B": 6}, {"A": 6, "B": 7}))
    return replace(
        scenario,
        actions=tuple(Put("k", content.encode() * sizes[content], rng.choice("mn"), "t") for content in contents),
        versioned_source=False,
        copiers=3,
        batch=1,
        sticky=0.5,
        freezing=0.1,
        eagerness=0.1,
        delays_s=(0.0,),
        plan=replace(scenario.plan, faults=min(scenario.plan.faults, 1)),
    )


def _any(rng: random.Random) -> Scenario:
    faults = rng.choice((0, 0, 1, 2, 4))
    return Scenario(
        actions=_actions(rng),
        versioned_source=rng.random() < 0.3,
        versioned_destination=rng.random() < 0.3,
        copiers=rng.choice((2, 2, 3)),
        auditors=rng.choice((1, 1, 2)),
        batch=rng.choice((1, 1, 2, 3)),
        max_receive_count=rng.choice((2, 3, 5, 5)),
        visibility_s=rng.choice((5.0, 90.0, 5400.0)),
        pace=rng.choice((0.02, 0.2, 1.0)),
        sticky=rng.choice((0.0, 0.5, 0.9)),
        freezing=rng.choice((0.0, 0.03, 0.1, 0.1)),
        eagerness=rng.choice((0.05, 0.2, 0.5)),
        skew_s=rng.choice((0.0, 0.0, -3.0, 3.0)),
        delays_s=rng.choice(((0.0,), (0.0, 0.5), (0.0, 0.0, 0.5, 5.0, 100.0))),
        replays=rng.choice((0, 1, 3)),
        short_invocations=rng.choice((0, 0, 1, 3)),
        plan=FaultPlan(
            faults=faults,
            crashes=rng.choice((0, 1, 1, 2)),
            fault_rate=rng.choice((0.02, 0.1)),
            crash_rate=rng.choice((0.02, 0.08)),
            crash_at=rng.choice((None, *CRASH_POINTS, *(AFTER_A_STEP_BACK,) * len(CRASH_POINTS))),
        ),
    )


def _actions(rng: random.Random) -> tuple[Action, ...]:
    keys = ("k",) if rng.random() < 0.75 else ("k", "l")
    return tuple(action for key in keys for action in _of_key(rng, key)) if len(keys) == 1 else _mixed(rng, keys)


def _mixed(rng: random.Random, keys: tuple[str, ...]) -> tuple[Action, ...]:
    waiting = [list(_of_key(rng, key)) for key in keys]
    mixed: list[Action] = []
    while any(waiting):
        mixed.append(rng.choice([one for one in waiting if one]).pop(0))
    return tuple(mixed)


def _of_key(rng: random.Random, key: str) -> list[Action]:
    contents = "".join(rng.choice(("A", "A", "B", "B", "C")) for _ in range(rng.choice((1, 2, 2, 3, 3, 4))))
    contents = rng.choice((contents, "AB" + contents[0], "ABA", "AA", "ABAB"[: len(contents)]))
    # Up to 4 bytes are copied at once; more, in parts of 2.
    size = {content: rng.choice((1, 3, 3, 6, 7)) for content in "ABC"}
    actions: list[Action] = []
    initiated: set[int] = set()
    for content in contents:
        actions.append(_put(rng, key, content * size[content], initiated))
        if rng.random() < 0.08:
            actions.append(Delete(key))
        if rng.random() < 0.08:
            actions.append(Request(key))
    return actions


def _put(rng: random.Random, key: str, body: str, initiated: set[int]) -> Put:
    initiated_s = None
    if rng.random() < 0.2:
        # Two uploads initiated in one second, with equal bytes, headers and metadata, look alike to a HEAD: no one
        # could tell them apart by it, whatever their tags. docs/reliability.md says so.
        seconds = next(s for s in rng.sample(range(2, 40), 10) if s not in initiated)
        initiated.add(seconds)
        initiated_s = float(seconds)
    return Put(key, body.encode(), rng.choice("mn"), rng.choice("tu"), initiated_s)
