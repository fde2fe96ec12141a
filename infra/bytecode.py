"""Bytecode of an asset's modules: without it each cold start compiles them, as /var/task is read-only.

The same modules and the same release of Python make the same bytes, on any machine, in any folder, at any time: a
`.pyc` holds a hash of its source in place of a time, is not checked against it (PEP 552), and names the file by where
it is in Lambda. The compiler runs by itself, without the machine's environment, and takes the modules in order, because
what marshal writes depends on what else there is in the process.
"""

import os
import subprocess
from pathlib import Path

from infra.interpreters import Interpreter

# Where Lambda unpacks an asset ("Defined runtime environment variables", Lambda developer guide).
_TASK_ROOT = "/var/task"


class BytecodeError(Exception):
    """A module could not be compiled; one line says which, and why."""


def compile_modules(asset: Path, *below: str, python: Interpreter) -> None:
    """Write a `.pyc` beside every module of an asset, or of these folders of it.

    Raises:
        BytecodeError: a module is not Python.
    """
    options = ("-q", "-f", "-s", str(asset), "-p", _TASK_ROOT, "--invalidation-mode", "unchecked-hash")
    folders = [str(asset / folder) for folder in below] or [str(asset)]
    command = [str(python.executable), "-s", "-S", "-P", "-B", "-m", "compileall", *options, *folders]
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - a Python that was found to run, and our own words
    if done.returncode != 0:
        raise BytecodeError(" ".join((done.stdout + done.stderr).split()).replace(f"{asset}{os.sep}", ""))
