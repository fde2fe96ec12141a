"""The benchmark of `copytrail dlq`: a dead-letter queue is listed, then replayed."""

import json
from collections.abc import Iterator

from benchmarks.dataset.letters import Letters
from benchmarks.dataset.objects import Objects
from benchmarks.endpoint import COPY_DLQ, COPY_QUEUE
from benchmarks.measured import Measured
from benchmarks.report import Result
from benchmarks.surroundings import Site, site


def run(count: int) -> Iterator[Result]:
    """List so many letters, and replay them; those of overwritten and deleted uploads stay."""
    letters = Letters(Objects(count))
    with site(objects=count, letters=count) as place:
        measured = place.copytrail("dlq", "ls", "--json")
        yield Result("copytrail dlq ls", count, measured, problems=tuple(_wrong_list(place, measured, count)))
        measured = place.copytrail("dlq", "replay", "--yes")
        yield Result(
            "copytrail dlq replay --yes", count, measured, problems=tuple(_wrong_replay(place, measured, letters))
        )


def _wrong_list(place: Site, measured: Measured, count: int) -> Iterator[str]:
    with measured.stdout.open() as lines:
        told = [json.loads(line)["MessageId"] for line in lines]
    if (len(told), len(set(told))) != (count, count):
        yield f"{len(told):,} letters were listed, {len(set(told)):,} different ones: {measured.stderr.read_text()}"
    visible, hidden = place.state()["queues"][COPY_DLQ]
    if (visible, hidden) != (count, 0):
        yield f"after the listing {visible:,} letters are visible, and {hidden:,} are not"


def _wrong_replay(place: Site, measured: Measured, letters: Letters) -> Iterator[str]:
    stay = letters.superseded + letters.deleted
    expected = {COPY_QUEUE: [len(letters) - stay, 0], COPY_DLQ: [stay, 0]}
    queues = place.state()["queues"]
    for name, counts in expected.items():
        if queues[name] != counts:
            yield f"{name} has {queues[name]} (visible, not), not {counts}: {measured.stderr.read_text()}"
