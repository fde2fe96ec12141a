"""The picture of a terminal in the README, docs/demo.svg: `copytrail demo`, run and exported by rich.

It is made anew on request only (`make docs DEMO=1`), as its times differ from run to run; a test compares its words
with what the program prints.
"""

import io
import os
import pty
import re
import subprocess
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("demo.svg")

_COLUMNS = 84
_COMMAND = ("copytrail", "demo")
# Colours as on a terminal; no spinner, of which a picture would hold each step.
_TERMINAL = {"COLUMNS": str(_COLUMNS), "FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "TERM": "xterm-256color"}
# It names a path of the machine on which it was recorded.
_ABOUT_THIS_MACHINE = "The functions run on Python"
# Of a picture in a page, browsers fetch no fonts: `monospace` is what remains.
_FONTS = re.compile(r"@font-face \{.*?\}\s*|Fira Code, ?", re.DOTALL)


def recorded() -> str:
    """What the demo prints on a terminal of 84 columns, in which nothing of its table is cut off but long keys.

    Raises:
        CalledProcessError: the demo failed.
    """
    reader, terminal = pty.openpty()
    process = subprocess.Popen(_COMMAND, stdout=terminal, stderr=terminal, env={**os.environ, **_TERMINAL})  # noqa: S603 - our own command
    os.close(terminal)
    output = b""
    while piece := _read(reader):
        output += piece
    os.close(reader)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, _COMMAND, output)
    return output.decode().replace("\r\n", "\n")


def _read(reader: int) -> bytes:
    try:
        return os.read(reader, 65536)
    except OSError:
        # Linux says so when nobody has the terminal open any more.
        return b""


def picture(output: str) -> str:
    """A terminal that shows the command and its output, as SVG."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO())
    console.print(Text.assemble(("$ ", "green"), ("make demo", "bold")))
    for line in map(Text.from_ansi, output.splitlines()):
        if not line.plain.startswith(_ABOUT_THIS_MACHINE):
            line.rstrip()
            console.print(line, soft_wrap=True)
    return _FONTS.sub("", console.export_svg(title="copytrail", unique_id="demo"))


if __name__ == "__main__":
    PICTURE.write_text(picture(recorded()))
