"""A test that hangs ends, with its name, and the others are run."""

import re
import tomllib

from tests.runs.conftest import ROOT, Run

HANGS = """
    import subprocess, sys, threading, time
    import pytest

    def test_of_a_thread():
        threading.Event().wait()

    def test_of_a_child():
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"]) as child:
            try:
                child.communicate()
            finally:
                child.kill()

    def test_the_others():
        pass
"""
HANGS_AT_THE_END = """
    import threading
    import pytest

    @pytest.fixture
    def one():
        yield
        threading.Event().wait()

    @pytest.fixture
    def another():
        yield
        threading.Event().wait()

    def test_of_hanging_fixtures(one, another):
        threading.Event().wait()

    def test_the_others():
        pass
"""
HEEDS_NO_ALARM = """
    import signal, threading

    def test_that_heeds_no_alarm():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        threading.Event().wait()
"""


def test_a_test_that_hangs_fails_with_its_name_and_the_others_are_run(run: Run) -> None:
    done = run(HANGS, "-o", "timeout=1")
    assert done.returncode == 1
    assert "2 failed, 1 passed" in done.stdout, done.stdout
    for name in ("test_of_a_thread", "test_of_a_child"):
        assert re.search(rf"FAILED test_it\.py::{name} - Failed: Timeout \(>1\.0s\)", done.stdout)


def test_where_the_end_of_a_test_hangs_as_well_it_is_an_error_and_the_others_are_run(run: Run) -> None:
    done = run(HANGS_AT_THE_END, "-o", "timeout=1")
    assert done.returncode == 1
    assert "1 failed, 1 passed, 1 error" in done.stdout, done.stdout


def test_a_process_that_heeds_no_alarm_ends_and_says_where_it_was(run: Run) -> None:
    done = run(HEEDS_NO_ALARM, "-o", "timeout=1", "-o", "faulthandler_timeout=2")
    assert done.returncode != 0
    assert "Timeout (0:00:02)!" in done.stdout
    assert "in test_that_heeds_no_alarm" in done.stdout


def test_every_test_has_a_limit() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]
    assert 0 < float(settings["timeout"]) < settings["faulthandler_timeout"]
    assert settings["faulthandler_exit_on_timeout"] is True
