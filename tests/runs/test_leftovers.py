"""A run that leaves something behind fails and names it; one that does not passes."""

import re
import sys
from pathlib import Path

import pytest

from tests.runs.conftest import Run, ended

LEAKS = """
    import socket, subprocess, sys, tempfile
    from pathlib import Path

    KEPT = []
    SLEEP = [sys.executable, "-c", "import time; time.sleep(100)"]

    def test_a_child():
        KEPT.append(subprocess.Popen(SLEEP))

    def test_an_orphan():
        subprocess.run([sys.executable, "-c", f"import subprocess; subprocess.Popen({SLEEP})"], check=True)

    def test_a_port():
        KEPT.append(socket.create_server(("127.0.0.1", 0)))
        print("port", KEPT[-1].getsockname()[1])

    def test_files():
        Path("new.txt").write_text("")
        tempfile.mkdtemp(prefix="mine-")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes and ports are looked for in /proc")
def test_a_child_an_orphan_a_port_and_files_are_named_and_fail_the_run(run: Run, tmp_path: Path) -> None:
    done = run(LEAKS, "-rP")

    _, _, told = done.stdout.partition("left behind by the tests")
    pids = [int(pid) for pid in re.findall(r"process (\d+): .*time\.sleep\(100\)", told)]
    assert [ended(pid) for pid in pids] == [False, False]
    assert "4 passed" in done.stdout
    assert done.returncode == 1
    [port] = re.findall(r"^port (\d+)$", done.stdout, re.MULTILINE)
    assert f"port {port} is listened on" in told
    assert "\nfile new.txt\n" in told
    [left] = re.findall(r"temporary file (\S+/mine-\S+)", told)
    assert not Path(left).parent.exists()
    assert len(re.findall(r"^(?:process|port|file|temporary file) ", told, re.MULTILINE)) == 5
    assert (tmp_path / "new.txt").exists()


def test_what_is_tidied_up_in_time_is_not_left_behind(run: Run) -> None:
    done = run("""
        import subprocess, sys, tempfile
        from pathlib import Path

        def test_one():
            Path("new.txt").write_text("")
            Path("new.txt").unlink()
            with tempfile.TemporaryDirectory():
                subprocess.run([sys.executable, "-c", ""], check=True)
    """)
    assert (done.returncode, "left behind" in done.stdout) == (0, False), done.stdout
