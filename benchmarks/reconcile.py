"""The benchmark of `copytrail reconcile`, side by side with `rclone check` and `aws s3 sync --dryrun`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import click

from benchmarks import peers
from benchmarks.dataset.objects import DESTINATION_BUCKET, SOURCE_BUCKET, Objects
from benchmarks.report import Result
from benchmarks.surroundings import Site, site

MOST_MB = 250
_DIFFERENCES = 3
# With fewer objects, to start an interpreter is most of it.
_LARGE = 500_000
_RCLONE_WAYS = ((), ("--checkers", "16"), ("--fast-list",))


@dataclass(frozen=True)
class Findings:
    """Keys that a comparison found."""

    missing: frozenset[str]
    different: frozenset[str]
    extra: frozenset[str]


def run(count: int) -> Iterator[Result]:
    """Compare so many objects with their copies, with each tool on the same endpoint."""
    objects = Objects(count)
    expected = Findings(objects.missing, objects.resized | objects.stale, objects.extra)
    with site(objects=count, records=count) as place:
        # The other tools know of no audit table: this is what they do.
        ours = _copytrail(place, count, expected, "--without-records")
        yield ours
        yield _copytrail(place, count, expected)
        for peer, compare in ((peers.RCLONE, _rclone), (peers.AWS, _aws)):
            program = peers.find(peer)
            if program is None:
                click.echo(f"{peer.program} is not compared: uv cannot fetch {peer.package} from PyPI here", err=True)
                continue
            for theirs in compare(place, program, count, expected):
                yield _beside(theirs, ours)


def _copytrail(place: Site, count: int, expected: Findings, *options: str) -> Result:
    measured = place.copytrail("reconcile", *options, "--json")
    found: dict[str, set[str]] = {"Missing": set(), "CopyDeleted": set(), "Different": set(), "NoSource": set()}
    with measured.stdout.open() as lines:
        for told in map(json.loads, lines):
            if told["Kind"] in found:
                found[told["Kind"]].add(told["DestinationKey"])
    # With records, what is missing though a copy is on record is CopyDeleted.
    missing = frozenset(found["Missing"] | found["CopyDeleted"])
    findings = Findings(missing, frozenset(found["Different"]), frozenset(found["NoSource"]))
    result = Result(" ".join(["copytrail reconcile", *options]), count, measured)
    problems = [*_differing(findings, expected)]
    if measured.exit_code != _DIFFERENCES:
        problems.append(f"exit code {measured.exit_code}: {measured.stderr.read_text()}")
    if result.peak_mb > MOST_MB:
        problems.append(f"took more than {MOST_MB} MB")
    return replace(result, problems=problems)


def _rclone(place: Site, program: str, count: int, expected: Findings) -> Iterator[Result]:
    ends = [f"benchmark:{bucket}" for bucket in (SOURCE_BUCKET, DESTINATION_BUCKET)]
    files = {kind: place.folder / f"rclone-{kind}" for kind in ("missing-on-dst", "differ", "missing-on-src")}
    reports = [text for kind, file in files.items() for text in (f"--{kind}", str(file))]
    for way in _RCLONE_WAYS:
        measured = place.run(
            *(program, "check", *ends, *reports, *way),
            name="rclone",
            variables=peers.rclone_remote("benchmark", place.address),
        )
        found = Findings(*(frozenset(file.read_text().splitlines()) for file in files.values()))
        what = " ".join(["rclone check", *way])
        yield Result(what, count, measured, problems=tuple(_differing(found, expected)))


def _aws(place: Site, program: str, count: int, expected: Findings) -> Iterator[Result]:
    ends = [f"s3://{bucket}" for bucket in (SOURCE_BUCKET, DESTINATION_BUCKET)]
    measured = place.run(program, "s3", "sync", *ends, "--dryrun", name="aws")
    copied = frozenset(line.rpartition(f"{ends[1]}/")[2] for line in measured.stdout.read_text().splitlines())
    # It says what it would copy, not why, and nothing of what is extra.
    found = Findings(copied & expected.missing, copied - expected.missing, expected.extra)
    yield Result("aws s3 sync --dryrun", count, measured, problems=tuple(_differing(found, expected)))


def _beside(theirs: Result, ours: Result) -> Result:
    ratio = theirs.measured.seconds / ours.measured.seconds
    problems = [*theirs.problems]
    if ratio < 1 and theirs.count >= _LARGE:
        problems.append("was faster than copytrail reconcile")
    return replace(theirs, note=f"{ratio:.1f} times as long", problems=problems)


def _differing(found: Findings, expected: Findings) -> Iterator[str]:
    for kind in ("missing", "different", "extra"):
        keys, planted = getattr(found, kind), getattr(expected, kind)
        if keys != planted:
            yield f"{kind}: found {len(keys)}, of which {len(keys & planted)} of the {len(planted)} that there are"
