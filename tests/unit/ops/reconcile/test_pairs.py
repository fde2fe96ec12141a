"""Source, destination and records meet under each key, once, in order."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from ops.reconcile.pairs import Pair, pairs
from tests.unit.ops.reconcile.examples import listed, record

keys = st.text(st.sampled_from("ab/ é\u202e\U0010ffff"), min_size=1, max_size=4)


@settings(deadline=None)
@given(at_source=st.sets(keys), at_copy=st.sets(keys), on_record=st.dictionaries(keys, st.integers(1, 3)), prefix=keys)
def test_every_key_meets_what_there_is_of_it(
    at_source: set[str], at_copy: set[str], on_record: Mapping[str, int], prefix: str
) -> None:
    expected = [
        Pair(
            key,
            listed(key) if key in at_source else None,
            listed(prefix + key) if key in at_copy else None,
            tuple(record(key, log_id=str(number)) for number in range(on_record.get(key, 0))),
        )
        for key in sorted({*at_source, *at_copy, *on_record})
    ]
    found = pairs(
        map(listed, sorted(at_source)),
        (listed(prefix + key) for key in sorted(at_copy)),
        (record(key, log_id=str(number)) for key in sorted(on_record) for number in range(on_record[key])),
        destination_prefix=prefix,
    )
    assert list(found) == expected


def test_the_longest_and_highest_key_is_a_key_too() -> None:
    highest = "\U0010ffff" * 256
    assert [found.key for found in pairs([listed(highest)], [], [], destination_prefix="")] == [highest]


def test_a_copy_on_record_is_one_of_this_upload() -> None:
    [found] = pairs([listed("a", etag="now")], [], [record(source_etag="before")], destination_prefix="")
    assert not found.is_recorded
    assert found.last_copied == record(source_etag="before")
    [found] = pairs([listed("a", etag="now")], [], [record(source_etag="now", is_deletion=True)], destination_prefix="")
    assert not found.is_recorded
    assert found.last_copied is None
