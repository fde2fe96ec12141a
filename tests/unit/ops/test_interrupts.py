"""A signal at any moment ends the command quietly, with 130."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.terminal import COPYTRAIL

# As the installed command does, and then waits where the case says.
_BEGIN = "from ops import entry, interrupts; import signal, time\n"
_READY = "print('ready', flush=True); time.sleep(20)\n"


def ended(program: str, number: signal.Signals, *, ignored: bool = False) -> tuple[int, str]:
    """How a program ends that gets a signal when it says that it is ready."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", f"import signal; signal.signal({int(number)}, signal.SIG_IGN)\n{program}"]
        if ignored
        else [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        told = process.stderr.read()
    return process.returncode, told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stage", ["", "interrupts.raise_interrupts(); interrupts.end_quietly()\n"])
def test_while_nothing_is_under_way_it_ends_at_once(number: signal.Signals, stage: str) -> None:
    assert ended(_BEGIN + stage + _READY, number) == (130, "")


def test_what_is_under_way_is_put_back() -> None:
    program = f"{_BEGIN}interrupts.raise_interrupts()\ntry:\n  {_READY}except KeyboardInterrupt:\n  raise SystemExit(7)"
    assert ended(program, signal.SIGINT) == (7, "")


def test_what_python_drops_in_a_destructor_is_raised_all_the_same() -> None:
    program = (
        f"{_BEGIN}interrupts.raise_interrupts()\n"
        f"class Odd:\n  def __del__(self):\n    {_READY}\n"
        "try:\n  odd = Odd(); del odd; time.sleep(20)\nexcept KeyboardInterrupt:\n  raise SystemExit(7)"
    )
    assert ended(program, signal.SIGINT) == (7, "")


def test_what_is_ignored_stays_so() -> None:
    program = f"{_BEGIN}print('ready', flush=True); time.sleep(0.2); raise SystemExit(3)"
    assert ended(program, signal.SIGHUP, ignored=True) == (3, "")


def test_within_another_program_nothing_is_taken_over() -> None:
    program = (
        "from ops import interrupts; import signal, sys\n"
        "interrupts.raise_interrupts(); interrupts.end_quietly()\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "assert sys.unraisablehook is sys.__unraisablehook__"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - our own program


def _stopped_after(seconds: float) -> tuple[int, bytes]:
    process = subprocess.Popen(  # noqa: S603 - our own command
        [COPYTRAIL, "audit", "list"],
        env={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "us-east-1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    return process.returncode, told


@pytest.mark.long
def test_stopped_at_any_moment_of_its_beginning_the_installed_command_is_quiet() -> None:
    """Python itself tells of a signal that comes before it has begun with the command: some ten milliseconds."""
    outcomes = [_stopped_after(0.1 + step * 0.02) for step in range(60)]
    told = [told for code, told in outcomes if code == 130]
    assert told
    assert set(told) == {b""}
    assert {code for code, _ in outcomes} <= {130, 1, 2}
    assert not any(b"Traceback" in told for _, told in outcomes)
