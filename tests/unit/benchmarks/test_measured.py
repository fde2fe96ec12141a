"""What a run took is told of that run."""

import json
import subprocess
import sys
from pathlib import Path

_MEGABYTE = 1_000_000
_ROOT = Path(__file__).parents[3]
_USE_200_MB = (
    "import sys; kept = bytearray(b'x') * 200_000_000; print('out'); print('err', file=sys.stderr); sys.exit(3)"
)
# In a small process, as the benchmarks are: the kernel counts the memory of the one that measures.
_MEASURE = """
import json, sys
from pathlib import Path
from benchmarks.measured import measure
run = measure([sys.executable, "-c", sys.argv[1]], name="large", folder=Path(sys.argv[2]), environment={})
print(json.dumps([run.peak_rss, run.exit_code, run.seconds, run.cpu_seconds]))
"""


def test_the_peak_the_exit_code_and_what_was_printed_are_the_commands_own(tmp_path: Path) -> None:
    measured = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _MEASURE, _USE_200_MB, str(tmp_path)],
        cwd=_ROOT,
        capture_output=True,
        check=True,
    )
    peak_rss, exit_code, seconds, cpu_seconds = json.loads(measured.stdout)
    assert 200 * _MEGABYTE < peak_rss < 300 * _MEGABYTE
    assert exit_code == 3
    assert (tmp_path / "large.stdout").read_text() == "out\n"
    assert (tmp_path / "large.stderr").read_text() == "err\n"
    assert seconds > 0
    assert cpu_seconds > 0
