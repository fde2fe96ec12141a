"""The second AWS, started and stopped, and the system on it as the real CDK command line puts it up."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import uv

from infra import bundling
from infra.interpreters import Interpreter
from localaws.deployment import deploy, synth
from localaws.embedded import ACCOUNT_ID, REGION, client_of, environment_of
from localaws.preconditions import ADDRESS
from tests import cdk

_PROGRAM = Path(__file__).with_name("emulator.py")
_CREDENTIAL = "test"
_POLL_EVERY_S = 0.1
_LONGEST_START_S = 60
_LONGEST_STOP_S = 10
# The least that Lambda takes.
_MOST_PROCESSES = 2


class SecondAws:
    """ministack on a port of its own on loopback, empty at the start, gone at the end of the `with` block.

    Args:
        folder: for its log, the code of its functions, and what it puts among the temporary files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self._clients: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "SecondAws":
        python = _python_of_its_environment(self._folder)
        with (self._folder / "ministack.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program, on a Python that uv has named
                [python, "-P", str(_PROGRAM), str(os.getpid())],
                cwd=self._folder,
                env=self._surroundings(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # The processes of its functions are in the group that is killed at the end.
                start_new_session=True,
            )
        try:
            self.wait_for(self._silent, within_s=_LONGEST_START_S)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()
        self._stop()

    @property
    def endpoint_url(self) -> str:
        """What AWS_ENDPOINT_URL has to be."""
        return f"http://{ADDRESS}:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make boto3, `copytrail` and the CDK talk to it."""
        return environment_of(self.endpoint_url)

    def client(self, service: str) -> Any:
        """A boto3 client of it, the same one each time."""
        if service not in self._clients:
            self._clients[service] = client_of(self.endpoint_url, service)
        return self._clients[service]

    def deploy(self) -> dict[str, str]:
        """`cdk bootstrap` and `cdk deploy` of the template of cdk.json; the stack's outputs.

        The functions then get the wheels of this machine: those of their assets are for Lambda's processor and Python.
        """
        assembly = synth.synthesize(account_id=ACCOUNT_ID, region=REGION)
        # The command line writes archives beside the assets.
        own = shutil.copytree(assembly, self._folder / "cdk.out")
        cdk.run("bootstrap", f"aws://{ACCOUNT_ID}/{REGION}", cwd=self._folder, aws=self.environment)
        cdk.run("deploy", "--app", str(own), "--require-approval", "never", cwd=self._folder, aws=self.environment)
        name = deploy.read_stack(own, account_id=ACCOUNT_ID, region=REGION).name
        [stack] = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        host = bundling.Target.host(Interpreter.own())
        for service, function in (("copier", "CopierFunctionName"), ("auditor", "AuditorFunctionName")):
            archive = _zipped(bundling.bundle(service, target=host))
            self.client("lambda").update_function_code(FunctionName=outputs[function], ZipFile=archive)
        for mapping in self.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
            # Each process of a function takes a second of a core to start.
            self.client("lambda").update_event_source_mapping(
                UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": _MOST_PROCESSES}
            )
        return outputs

    def wait_for(self, missing: Callable[[], object], *, within_s: float = 90) -> None:
        """Wait until nothing is missing. If ministack ends or the time is over, fail with the end of its log."""
        give_up_at = time.monotonic() + within_s
        while found := missing():
            assert self._process
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                log = (self._folder / "ministack.log").read_text(errors="replace")
                pytest.fail(f"after {within_s} s still: {found}; exit code {self._process.poll()}\n{log[-6000:]}")
            time.sleep(_POLL_EVERY_S)

    def _silent(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=5) as answer:  # noqa: S310 - on loopback
            return not isinstance(json.load(answer), dict)
        return True

    def _surroundings(self) -> dict[str, str]:
        nobodys = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        return nobodys | {
            "AWS_ACCESS_KEY_ID": _CREDENTIAL,
            "AWS_SECRET_ACCESS_KEY": _CREDENTIAL,
            "AWS_EC2_METADATA_DISABLED": "true",
            "BIND_HOST": ADDRESS,
            "GATEWAY_PORT": str(self._port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "MINISTACK_REGION": REGION,
            "TMPDIR": str(self._folder),
        }

    def _stop(self) -> None:
        assert self._process
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LONGEST_STOP_S)
        # What is left of it and of its functions.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _python_of_its_environment(folder: Path) -> str:
    """The interpreter of the environment that `emulator.py.lock` names, which is made where it is not there."""
    script = ("--script", str(_PROGRAM), "--python", sys.executable, "--quiet")
    # Whatever it is called with, it takes no other Python and nothing that the lock does not name.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment |= {"UV_PYTHON_DOWNLOADS": "never", "TMPDIR": str(folder)}
    found = ""
    for words in (("sync", "--frozen", *script), ("python", "find", "--script", str(_PROGRAM))):
        command = [uv.find_uv_bin(), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - uv itself
        if done.returncode != 0:
            pytest.fail(f"uv {words[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        found = done.stdout.strip()
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()
