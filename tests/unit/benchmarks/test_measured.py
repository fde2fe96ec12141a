"""What a run took is told of that run."""

import sys
from pathlib import Path

from benchmarks.measured import measure

_MEGABYTE = 1_000_000
_USE_200_MB = (
    "import sys; kept = bytearray(b'x') * 200_000_000; print('out'); print('err', file=sys.stderr); sys.exit(3)"
)


def test_the_peak_the_exit_code_and_what_was_printed_are_the_commands_own(tmp_path: Path) -> None:
    large = measure([sys.executable, "-c", _USE_200_MB], name="large", folder=tmp_path, environment={})
    assert 200 * _MEGABYTE < large.peak_rss < 300 * _MEGABYTE
    assert large.exit_code == 3
    assert (large.stdout.read_text(), large.stderr.read_text()) == ("out\n", "err\n")
    assert large.seconds > 0
    assert large.cpu_seconds > 0
