"""A difference tells what is wrong, and is kept until it is repaired."""

import pytest

from ops.reconcile.difference import Difference, Kept, difference
from ops.reconcile.judging import Finding, Kind
from ops.reconcile.pairs import Pair
from shared.events import Upload
from shared.times import from_text
from tests.unit.ops.reconcile.ends import OLD, SOURCE, listed, pair, record, scope


def told(kind: Kind, found: Pair, **other: object) -> Difference:
    return difference(Finding(kind, found, **other), scope(destination_prefix="x/"), counts=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "explanation", "may_be_repaired"),
    [
        (told(Kind.MISSING, pair(listed(), None)), "not at its destination", True),
        (
            told(Kind.MISSING, pair(listed(), None), is_archived=True),
            "archived: restore it first",
            False,
        ),
        (told(Kind.GONE, pair(listed(), None, record())), "gone from its destination", True),
        (told(Kind.GONE, pair(None, None, record())), "gone from both ends", False),
        (
            told(Kind.DIFFERENT, pair(listed(), listed(size=1)), aspects=("size", "metadata")),
            "size, metadata",
            True,
        ),
        (told(Kind.UNRECORDED, pair(listed(), listed())), "no record of this upload", False),
        (told(Kind.EXTRA, pair(None, listed())), "not in the source", False),
    ],
)
def test_it_says_what_is_wrong_and_whether_a_copy_would_end_it(
    found: Difference, explanation: str, may_be_repaired: bool
) -> None:
    assert (found.explanation, found.may_be_repaired) == (explanation, may_be_repaired)


def test_the_copy_that_ends_it_is_one_of_what_the_source_holds() -> None:
    found = told(Kind.MISSING, pair(listed(etag="now", size=7), None))
    assert found.upload == Upload(bucket=SOURCE, key="a", etag="now", size=7, uploaded_at=from_text(OLD))


def test_what_is_kept_comes_back_as_it_was_however_often() -> None:
    odd = "line\nbreak \u202e \x00 \U0010ffff"
    many = [told(Kind.MISSING, pair(listed(odd * 100, size=number), None)) for number in range(2000)]
    with Kept() as kept:
        for each in many:
            kept.keep(each)
        assert list(kept) == many
        assert list(kept) == many
        assert (kept.count, kept.bytes) == (2000, sum(range(2000)))
