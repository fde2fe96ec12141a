"""In the background of a script, where Ctrl-C and hang-ups are ignored, tests do what they do elsewhere."""

from tests.runs.conftest import Run


def test_what_a_test_starts_has_the_default_signals_and_the_run_itself_goes_on_ignoring_them(run: Run) -> None:
    done = run(
        """
        import os, signal, subprocess, sys

        SHOW = "import signal; print(*(signal.getsignal(number) is signal.SIG_IGN for number in (1, 2, 3)))"

        def test_a_child():
            shown = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True).stdout
            assert shown == "False False False\\n"

        def test_this_process():
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                os.kill(os.getpid(), number)
        """,
        in_background=True,
    )
    assert "2 passed" in done.stdout, done.stdout
