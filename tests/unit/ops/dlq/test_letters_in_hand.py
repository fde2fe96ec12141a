"""Letters in hand, and what they are given back with."""

from collections.abc import Iterator
from tempfile import TemporaryFile

import pytest

from ops.dlq.letters_in_hand import LettersInHand
from ops.failures import CommandError
from tests.fakes.full_disk import files_end_at
from tests.fakes.letters import a_letter


@pytest.fixture
def hand() -> Iterator[LettersInHand]:
    with TemporaryFile() as file:
        yield LettersInHand(file)


def test_a_letter_is_new_once(hand: LettersInHand) -> None:
    first, second = a_letter(id="m-1"), a_letter(id="m-2")

    assert hand.take([first, second]) == [first, second]
    assert hand.take([first]) == []
    assert len(hand) == 2


def test_the_newest_handle_counts(hand: LettersInHand) -> None:
    first = a_letter(id="m-1", receipt_handle="old")
    hand.take([first])
    hand.take([a_letter(id="m-1", receipt_handle="ne\N{LATIN SMALL LETTER W WITH GRAVE}")])

    assert hand.handle(first) == "ne\N{LATIN SMALL LETTER W WITH GRAVE}"
    assert list(hand.handles(10)) == [["ne\N{LATIN SMALL LETTER W WITH GRAVE}"]]


def test_what_was_let_go_of_is_in_hand_no_more_and_new_when_it_comes_again(hand: LettersInHand) -> None:
    letter = a_letter(id="m-1", receipt_handle="r-1")
    hand.take([letter])
    hand.let_go(letter)
    hand.let_go(letter)

    assert (len(hand), list(hand.handles(10)), hand.handle(letter)) == (0, [], "r-1")
    assert hand.take([letter]) == [letter]


def test_handles_come_so_many_at_a_time_and_those_let_go_of_meanwhile_not(hand: LettersInHand) -> None:
    letters = [a_letter(id=f"m-{number}", receipt_handle=f"r-{number}") for number in range(5)]
    hand.take(letters)

    handles = hand.handles(2)
    assert next(handles) == ["r-0", "r-1"]
    hand.let_go(letters[2])
    hand.let_go(letters[4])
    assert list(handles) == [["r-3"]]


def test_draining_lets_go_of_all(hand: LettersInHand) -> None:
    hand.take(a_letter(id=f"m-{number}", receipt_handle="r" * 1024 + str(number)) for number in range(25))

    drained = list(hand.drain(10))

    assert sorted(map(len, drained)) == [5, 10, 10]
    assert {handle for some in drained for handle in some} == {"r" * 1024 + str(number) for number in range(25)}
    assert len(hand) == 0


def test_where_the_temporary_folder_is_full_it_is_named_and_what_was_in_hand_stays_so(hand: LettersInHand) -> None:
    first = a_letter(id="m-1", receipt_handle="r" * 400)
    with files_end_at(600):
        hand.take([first])
        with pytest.raises(CommandError, match=r"the temporary folder .* takes no more .*: name another with TMPDIR"):
            hand.take([a_letter(id="m-2", receipt_handle="s" * 400)])

    assert list(hand.drain(10)) == [["r" * 400]]
