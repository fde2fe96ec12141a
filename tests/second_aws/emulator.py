# /// script
# requires-python = ">=3.11,<3.15"
# dependencies = ["ministack==1.5.33"]
# ///
"""The program that is the second AWS: ministack, which ends with the process that started it, however that ends.

It pins a botocore of its own, so it runs in an environment of its own: the one that `emulator.py.lock` names, hash by
hash. After a change of the version above: `uv lock --script tests/second_aws/emulator.py`.
"""

import ctypes
import importlib
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    # Only Linux has it. Elsewhere the fixture that started this ends it, unless that is killed.
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv.pop()):
        sys.exit("what started this has ended")
    # The one type of our template that it refuses. A saved query does nothing: it is there to be run by people.
    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    provisioners._RESOURCE_HANDLERS["AWS::Logs::QueryDefinition"] = {  # noqa: SLF001 - it has no way to add a type
        "create": lambda logical_id, _properties, _stack: (logical_id, {}),
        "delete": lambda *_: None,
    }
    runpy.run_module("ministack", run_name="__main__")
