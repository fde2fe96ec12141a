"""Every version is placed once, none on top of a newer one: in every order, with a crash or another copier anywhere."""

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from msgspec import structs

from services.copier.conditional_copy import ConditionalCopy
from services.copier.every_version import EveryVersion
from services.copier.model import Copied, CopyCommand, Location, Skipped, UnfinishedError
from services.copier.multipart import MultipartCopy
from shared.copy_plan import PartSizes
from shared.errors import PermanentError, Reason, TransientError
from shared.events import Checksum, Continuation, Upload
from shared.lambda_runtime.delivery_policy import OccupiedError
from shared.routes import Route
from tests.fakes.clock import FakeClock
from tests.fakes.copying import IN_ONE, InTurn
from tests.fakes.placements import FakePlacementLedger
from tests.fakes.s3 import FakeS3

ROUTE = Route(source_bucket="in", destination_bucket="out", versions="every")
VISIBILITY_TIMEOUT_S = 5400.0
PLACE = "s3://out/k"
ORDERS = list(itertools.permutations(range(3)))


class Crashed(BaseException):
    """Not an Exception: nothing may clean up after it."""


class Watched:
    """Lets somebody else act before and after each call of what it stands for."""

    def __init__(self, it: object, meanwhile: Callable[[], None]) -> None:
        self._it = it
        self._meanwhile = meanwhile

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._it, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._meanwhile()
            result = called(*arguments, **named)
            self._meanwhile()
            return result

        return call


class Moments:
    """Counts the moments between calls, and acts in one of them."""

    def __init__(self, moment: int, act: Callable[[], None]) -> None:
        self._left = moment
        self._act = act

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._act()

    @property
    def has_come(self) -> bool:
        return self._left <= 0


class Buckets:
    """Two versioned buckets with the ledger of what was placed, and copiers between them."""

    def __init__(self, *, sizes: PartSizes = IN_ONE) -> None:
        self.clock = FakeClock()
        self.s3 = FakeS3(self.clock, versioned=("in", "out"))
        self.ledger = FakePlacementLedger()
        self.warnings: list[str] = []
        self.route = ROUTE
        self.sizes = sizes
        self._owners = itertools.count()
        self._numbers = itertools.count()

    def upload(self, body: bytes, **properties: Any) -> Upload:
        """An upload; its metadata tell which one it was, as they go over with the copy."""
        self.clock.sleep(0.1)
        return self.s3.upload("in", "k", body, metadata={"n": str(next(self._numbers))}, **properties)

    def uploads(self, *bodies: bytes) -> list[Upload]:
        return [self.upload(body) for body in bodies]

    def copier(self, meanwhile: Callable[[], None] = lambda: None) -> EveryVersion:
        store: Any = Watched(self.s3, meanwhile)
        ledger: Any = Watched(self.ledger, meanwhile)
        parts = MultipartCopy(store, InTurn(), width=1, warn=self._warn)
        copies = ConditionalCopy(store, parts, self.sizes, lambda _: None)
        return EveryVersion(copies, ledger, lambda: f"owner {next(self._owners)}", self._warn, self.clock)

    def copy(
        self,
        upload: Upload,
        meanwhile: Callable[[], None] = lambda: None,
        *,
        seconds_left: float = 900,
        continuation: Continuation | None = None,
    ) -> Copied | Skipped:
        command = CopyCommand(upload, self.route, lambda: seconds_left, continuation=continuation)
        return self.copier(meanwhile).copy(command)

    def copy_all(self, uploads: Sequence[Upload]) -> list[Copied | Skipped]:
        return [self.copy(upload) for upload in uploads]

    @property
    def placed(self) -> list[bytes]:
        return [stored.body for stored in self.s3.history(PLACE)]

    def _warn(self, text: str, details: dict[str, str]) -> None:
        self.warnings.append(text)


@pytest.fixture
def buckets() -> Buckets:
    return Buckets()


def reason(result: Copied | Skipped) -> Reason | None:
    return result.reason if isinstance(result, Skipped) else None


Outcomes = dict[str | None, list[Copied | Skipped]]


def deliver(buckets: Buckets, order: Sequence[Upload], *moments: int, act: Callable[[], None]) -> tuple[bool, Outcomes]:
    """Deliver in this order, with something done in moments between calls, until each has ended; whether all came."""
    results: Outcomes = {upload.version_id: [] for upload in order}
    acts = [Moments(moment, act) for moment in moments]
    waiting = list(order)
    while waiting:
        upload = waiting.pop(0)
        now = next((act for act in acts if not act.has_come), None)
        try:
            results[upload.version_id].append(buckets.copy(upload, now or (lambda: None)))
        except (Crashed, TransientError):
            buckets.clock.sleep(VISIBILITY_TIMEOUT_S)
            waiting.append(upload)
    return all(act.has_come for act in acts), results


def crash() -> None:
    raise Crashed


def lose_the_answer() -> None:
    raise TransientError("ReadTimeoutError", "no answer came")


def number(metadata: tuple[tuple[str, str], ...]) -> int:
    return int(dict(metadata)["n"])


def check(buckets: Buckets, results: Outcomes, uploads: Sequence[Upload]) -> None:
    """Each version that is said to be copied is there once, in the order of upload, and nothing else is."""
    history = buckets.s3.history(PLACE)
    numbers = [number(stored.metadata) for stored in history]
    assert numbers == sorted(set(numbers)), "a version came twice, or on top of a newer one"
    source = {stored.version_id: stored for stored in buckets.s3.history("s3://in/k")}
    for upload in uploads:
        there = [stored for stored in history if stored.metadata == source[upload.version_id].metadata]
        for result in results[upload.version_id]:
            if isinstance(result, Copied):
                assert [stored.version_id for stored in there] == [result.destination.version_id]
            else:
                assert there == [], f"{upload.version_id} is there, and said to be {result}"
    assert history[-1].metadata == source[uploads[-1].version_id].metadata
    assert all(key.lease is None for key in buckets.ledger.keys.values()), "a lease was never given back"


BODIES = [(b"A", b"B", b"C"), (b"A", b"B", b"A"), (b"A", b"A", b"A")]


@pytest.mark.parametrize("order", ORDERS)
def test_versions_in_any_order_are_all_placed_in_the_order_of_upload(buckets: Buckets, order: tuple[int, ...]) -> None:
    uploads = buckets.uploads(b"A", b"B", b"C")

    results = buckets.copy_all([uploads[place] for place in order])

    assert buckets.placed == [b"A", b"B", b"C"]
    assert all(isinstance(result, Copied) for result in results)


@pytest.mark.parametrize("order", sorted(set(itertools.permutations((0, 0, 1, 1, 2)))))
def test_duplicates_in_any_order_tell_the_same_and_place_nothing_again(
    buckets: Buckets, order: tuple[int, ...]
) -> None:
    uploads = buckets.uploads(b"A", b"B", b"C")

    results: dict[int, set[Copied | Skipped]] = {0: set(), 1: set(), 2: set()}
    for place in order:
        results[place].add(buckets.copy(uploads[place]))

    assert buckets.placed == [b"A", b"B", b"C"]
    assert [len(told) for told in results.values()] == [1, 1, 1]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("bodies", BODIES)
def test_a_crash_anywhere_loses_nothing_and_inverts_nothing(order: tuple[int, ...], bodies: tuple[bytes, ...]) -> None:
    for moment in itertools.count(1):
        buckets = Buckets()
        uploads = buckets.uploads(*bodies)
        crashed, results = deliver(buckets, [uploads[place] for place in order], moment, act=crash)
        check(buckets, results, uploads)
        if not crashed:
            break
    assert moment > 20


@pytest.mark.parametrize("order", ORDERS)
def test_two_crashes_anywhere_lose_nothing_and_invert_nothing(order: tuple[int, ...]) -> None:
    for moments in itertools.product(range(1, 45), range(1, 30)):
        buckets = Buckets()
        uploads = buckets.uploads(b"A", b"B", b"A")
        _, results = deliver(buckets, [uploads[place] for place in order], *moments, act=crash)
        check(buckets, results, uploads)


@pytest.mark.parametrize("order", ORDERS)
def test_answers_that_are_lost_lose_nothing_and_invert_nothing(order: tuple[int, ...]) -> None:
    for moments in itertools.product(range(1, 45), range(1, 30)):
        buckets = Buckets()
        uploads = buckets.uploads(b"A", b"B", b"A")
        _, results = deliver(buckets, [uploads[place] for place in order], *moments, act=lose_the_answer)
        check(buckets, results, uploads)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("other", range(3))
def test_another_copier_anywhere_inverts_nothing(order: tuple[int, ...], other: int) -> None:
    for moment in itertools.count(1):
        buckets = Buckets()
        uploads = buckets.uploads(b"A", b"B", b"A")
        theirs: list[Copied | Skipped] = []

        def act(
            buckets: Buckets = buckets, upload: Upload = uploads[other], theirs: list[Copied | Skipped] = theirs
        ) -> None:
            with suppress(OccupiedError):
                theirs.append(buckets.copy(upload))

        came, results = deliver(buckets, [uploads[place] for place in order], moment, act=act)
        results[uploads[other].version_id] += theirs
        check(buckets, results, uploads)
        if not came:
            break


@pytest.mark.parametrize("order", ORDERS)
def test_a_newer_upload_anywhere_inverts_nothing(order: tuple[int, ...]) -> None:
    for moment in itertools.count(1):
        buckets = Buckets()
        uploads = buckets.uploads(b"A", b"B", b"A")
        newer: list[Upload] = []

        def act(buckets: Buckets = buckets, newer: list[Upload] = newer) -> None:
            newer.append(buckets.upload(b"B"))
            with suppress(OccupiedError):
                buckets.copy(newer[0])

        came, results = deliver(buckets, [uploads[place] for place in order], moment, act=act)
        for upload in newer:
            results[upload.version_id] = [buckets.copy(upload)]
        check(buckets, results, [*uploads, *newer])
        if not came:
            break


def test_an_older_version_that_comes_too_late_is_superseded(buckets: Buckets) -> None:
    older = buckets.upload(b"A")
    buckets.clock.sleep(3600)
    newer = buckets.upload(b"B")

    assert isinstance(buckets.copy(newer), Copied)
    assert reason(buckets.copy(older)) is Reason.SUPERSEDED
    assert buckets.placed == [b"B"]


def test_a_late_version_that_would_be_copied_in_parts_is_superseded() -> None:
    buckets = Buckets(sizes=PartSizes(threshold=4, part=3))
    large, small = buckets.uploads(b"0123456789", b"B")

    assert isinstance(buckets.copy(small), Copied)
    assert reason(buckets.copy(large)) is Reason.SUPERSEDED


def test_a_version_that_is_gone_is_skipped_and_the_others_are_placed(buckets: Buckets) -> None:
    first, gone, last = buckets.uploads(b"A", b"B", b"C")
    buckets.s3.remove_version(gone)

    results = [buckets.copy(upload) for upload in (gone, last, first)]

    assert reason(results[0]) is Reason.SOURCE_DELETED
    assert buckets.placed == [b"A", b"C"]


def test_after_the_newest_placed_version_was_removed_nothing_older_is_placed_on_top(buckets: Buckets) -> None:
    placed_first, superseded, removed = buckets.uploads(b"A", b"0123456789", b"B")
    buckets.sizes = PartSizes(threshold=4, part=3)
    buckets.copy(placed_first)
    buckets.copy(removed)
    buckets.s3.remove_version(removed)
    buckets.sizes = IN_ONE
    newer = buckets.upload(b"C")

    buckets.copy(newer)

    assert reason(buckets.copy(superseded)) is Reason.SUPERSEDED
    assert buckets.placed == [b"A", b"B", b"C"]


@pytest.mark.parametrize("missing", ["version_id", "sequencer"])
def test_an_upload_that_tells_no_order_is_permanent(buckets: Buckets, missing: str) -> None:
    upload = structs.replace(buckets.upload(b"A"), **{missing: None})

    with pytest.raises(PermanentError, match="has no") as raised:
        buckets.copy(upload)
    assert raised.value.reason == Reason.NO_ORDER


def test_while_another_copier_has_the_lease_a_version_comes_again(buckets: Buckets) -> None:
    first, second = buckets.uploads(b"A", b"B")
    with suppress(Crashed):
        buckets.copy(first, Moments(2, crash))

    with pytest.raises(OccupiedError):
        buckets.copy(second)
    buckets.clock.sleep(961)
    assert isinstance(buckets.copy(second), Copied)


def test_a_copy_whose_answer_was_lost_is_found(buckets: Buckets) -> None:
    """boto3 asks again, and S3 refuses what it has done already."""
    upload = buckets.upload(b"A")

    def copied_before() -> None:
        buckets.s3.upload("out", "k", b"A")

    buckets.s3.before["commit"] = [copied_before]
    result = buckets.copy(upload)

    assert isinstance(result, Copied)
    assert len(buckets.placed) == 1


def test_what_others_write_into_the_destination_is_replaced(buckets: Buckets) -> None:
    upload = buckets.upload(b"A")
    buckets.s3.before["commit"] = [lambda: buckets.s3.upload("out", "k", b"theirs")]

    assert isinstance(buckets.copy(upload), Copied)
    assert buckets.placed == [b"theirs", b"A"]


def test_where_a_newer_version_may_be_under_what_others_wrote_nothing_older_comes_on_top(buckets: Buckets) -> None:
    older = buckets.upload(b"A")
    buckets.clock.sleep(3600)
    newer = buckets.upload(b"B")
    for moment in range(1, 20):
        with suppress(Crashed):
            buckets.copy(newer, Moments(moment, crash))
        if buckets.placed:
            break
        buckets.clock.sleep(VISIBILITY_TIMEOUT_S)
    buckets.s3.upload("out", "k", b"theirs")
    buckets.clock.sleep(VISIBILITY_TIMEOUT_S)

    assert reason(buckets.copy(older)) is Reason.SUPERSEDED
    assert buckets.placed == [b"B", b"theirs"]


def test_a_refusal_for_good_gives_the_lease_back_and_leaves_nothing_pending(buckets: Buckets) -> None:
    upload = buckets.upload(b"A")

    def refuse() -> None:
        raise PermanentError("AccessDenied", "no")

    buckets.s3.before["commit"] = [refuse]
    with pytest.raises(PermanentError):
        buckets.copy(upload)

    [key] = buckets.ledger.keys.values()
    assert (key.lease, key.pending) == (None, None)


def test_a_copy_in_parts_that_time_ran_out_on_goes_on_in_its_next_turn() -> None:
    buckets = Buckets(sizes=PartSizes(threshold=4, part=4))
    upload = buckets.upload(b"0123456789")
    times = iter([900.0] * 4 + [1.0] * 50)
    command = CopyCommand(upload, buckets.route, lambda: next(times))

    with pytest.raises(UnfinishedError) as unfinished:
        buckets.copier().copy(command)
    result = buckets.copy(upload, continuation=unfinished.value.continuation)

    assert isinstance(result, Copied)
    assert (result.method, result.parts) == ("UploadPartCopy", 3)
    assert buckets.placed == [b"0123456789"]
    assert buckets.s3.open_uploads == {}


def test_a_superseded_continuation_is_given_up() -> None:
    buckets = Buckets(sizes=PartSizes(threshold=4, part=4))
    upload = buckets.upload(b"0123456789")
    times = iter([900.0] * 4 + [1.0] * 50)
    with pytest.raises(UnfinishedError) as unfinished:
        buckets.copier().copy(CopyCommand(upload, buckets.route, lambda: next(times)))
    buckets.copy(buckets.upload(b"B"))

    assert reason(buckets.copy(upload, continuation=unfinished.value.continuation)) is Reason.SUPERSEDED
    assert buckets.s3.open_uploads == {}


def test_a_copy_with_another_checksum_fails(buckets: Buckets) -> None:
    upload = buckets.upload(b"A", checksum=Checksum(algorithm="CRC64NVME", value="right", type="FULL_OBJECT"))
    at = (Location("in", "k"), upload.version_id)

    def damage() -> None:
        buckets.s3.versions[at] = buckets.s3.damaged(buckets.s3.versions[at])

    buckets.s3.before["commit"] = [damage]

    with pytest.raises(PermanentError) as raised:
        buckets.copy(upload)
    assert raised.value.reason == Reason.CHECKSUM_MISMATCH
