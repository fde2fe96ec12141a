"""Replacing a function of moto can be stacked, and undone to the last."""

from moto.events.models import EventsBackend

from localaws.gaps import close_gaps, patching, reopen_gaps


class _Greeter:
    def greet(self) -> str:
        return "hello"


def test_a_replacement_gets_the_one_before_as_its_original() -> None:
    original = _Greeter.greet

    patching.replace(_Greeter, "greet", lambda inner: lambda self: inner(self) + ", you")
    patching.replace(_Greeter, "greet", lambda inner: lambda self: inner(self) + " there")
    greeting = _Greeter().greet()
    patching.undo_all()

    assert greeting == "hello, you there"
    assert _Greeter.greet is original


def test_closing_the_gaps_twice_is_closing_them_once() -> None:
    reopen_gaps()
    bare = EventsBackend.put_events

    close_gaps()
    closed = EventsBackend.put_events
    close_gaps()
    closed_again = EventsBackend.put_events
    reopen_gaps()

    assert closed is closed_again
    assert closed is not bare
    assert EventsBackend.put_events is bare
