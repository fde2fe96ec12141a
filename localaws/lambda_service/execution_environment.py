"""An execution environment, as Lambda calls it: one process of a function, under AWS's own runtime client."""

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock

from infra.interpreters import Interpreter
from localaws.lambda_service.runtime_api import FunctionError, Invocation, RuntimeApi
from localaws.models.lambda_ import FunctionSpec
from localaws.supervision import Supervisor

# PR_SET_PDEATHSIG = 1, SIGKILL = 9: the kernel ends the function with us, however we end. It survives exec.
# Where there is no prctl, the function ends when it next asks the runtime API that is gone.
_LEASH = """
import ctypes, os, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if prctl: prctl(1, 9)
if os.getppid() != int(sys.argv[1]): sys.exit(1)
os.execv(sys.argv[2], [sys.argv[2], "-S", "-P", "-m", "awslambdaric", sys.argv[3]])
"""

LogSink = Callable[[str, str], None]


class ExecutionEnvironment:
    """One process on a Python of this machine, which stays warm between invocations.

    `log` gets the log stream's name and each line. `ended` is called when the process has ended.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        python: Interpreter,
        task_root: Path,
        runtime_client: Path,
        aws: Mapping[str, str],
        log: LogSink,
        supervisor: Supervisor,
        ended: Callable[["ExecutionEnvironment"], None],
    ) -> None:
        self._spec = spec
        self._python = python
        self._task_root = task_root
        self._runtime_client = runtime_client
        self._aws = aws
        today = datetime.now(UTC).strftime("%Y/%m/%d")
        self.log_stream = f"{today}/[$LATEST]{uuid.uuid4().hex}"
        self._sink = log
        self._api = RuntimeApi(spec.name, supervisor)
        self._on_end = ended
        self._killed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._current: Invocation | None = None
        self._lock = Lock()
        self._started = Event()
        self._ended = Event()
        # The thread that starts the process outlives it: PDEATHSIG is sent when the *thread* that forked ends.
        self._keeper = supervisor.thread(
            self._keep,
            name=f"{spec.name}-process",
            what=f"the keeper of a process of {spec.name}",
            # That the process ends is the life of a function.
            asked=self._ended.is_set,
        )

    @property
    def alive(self) -> bool:
        """Whether the process can take an invocation."""
        return not self._ended.is_set()

    @property
    def start_failure(self) -> str | None:
        """Why the process ended before it could take an invocation; None when it could, or was killed from here."""
        if self.alive or self._killed or self._api.initialized:
            return None
        return str(self._api.init_error or f"its process ended with {self._how_it_ended()}")

    def invoke(self, event: bytes) -> bytes:
        """Run the handler on an event, JSON text, and give what it returned, JSON text.

        Raises:
            FunctionError: the handler raised, the process died, or the function's timeout passed (then it is killed).
        """
        timeout_s = self._spec.timeout_s
        invocation = Invocation(
            request_id=str(uuid.uuid4()),
            event=event,
            deadline_ms=int((time.time() + timeout_s) * 1000),
            function_arn=self._spec.arn,
        )
        began = time.monotonic()
        self._log(f"START RequestId: {invocation.request_id} Version: $LATEST")
        self._offer(invocation)
        try:
            return invocation.outcome.result(timeout_s)
        except FutureTimeoutError:
            self._log(f"{_now()} {invocation.request_id} Task timed out after {timeout_s:.2f} seconds")
            self.kill()
            raise FunctionError("Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds") from None
        finally:
            with self._lock:
                self._current = None
            self._report(invocation.request_id, time.monotonic() - began)

    def kill(self) -> None:
        """SIGKILL the process, and wait until it is gone."""
        self._started.wait()
        self._killed = True
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        self._ended.wait()

    def close(self) -> None:
        """End the process and everything around it."""
        self.kill()
        self._keeper.join()

    def _log(self, line: str) -> None:
        self._sink(self.log_stream, line)

    def _offer(self, invocation: Invocation) -> None:
        with self._lock:
            if self._ended.is_set():
                self._fail(invocation)
            else:
                self._current = invocation
                self._api.offer(invocation)

    def _keep(self) -> None:
        try:
            python = str(self._python.executable)
            self._process = subprocess.Popen(  # noqa: S603  # a Python that was found to run, and our own words
                [python, "-S", "-I", "-c", _LEASH, str(os.getpid()), python, self._spec.handler],
                cwd=self._task_root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # Ctrl-C in our terminal is for us alone.
                start_new_session=True,
            )
            self._started.set()
            with self._process:
                try:
                    self._copy_log(self._process)
                except BaseException:
                    # Nobody would read what it writes, and it would wait for that.
                    self._process.kill()
                    raise
        finally:
            self._started.set()
            with self._lock:
                self._ended.set()
                if self._current is not None:
                    self._fail(self._current)
            self._api.close()
        self._on_end(self)

    def _copy_log(self, process: "subprocess.Popen[bytes]") -> None:
        for line in process.stdout or ():
            # The runtime client writes \r for line breaks within one message.
            self._log(line.decode(errors="replace").rstrip("\n").replace("\r", "\n"))

    def _fail(self, invocation: Invocation) -> None:
        if error := self._api.init_error:
            invocation.fail(error)
            return
        message = f"RequestId: {invocation.request_id} Error: Runtime exited with error: {self._how_it_ended()}"
        self._log(f"{message}\nRuntime.ExitError")
        invocation.fail(FunctionError("Runtime.ExitError", message))

    def _how_it_ended(self) -> str:
        status = self._process.returncode if self._process else None
        return f"signal {-status}" if status is not None and status < 0 else f"exit status {status}"

    def _report(self, request_id: str, seconds: float) -> None:
        milliseconds = seconds * 1000
        self._log(f"END RequestId: {request_id}")
        self._log(
            f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\tBilled Duration: {milliseconds:.0f} ms"
            f"\tMemory Size: {self._spec.memory_mb} MB"
        )

    def _environment(self) -> dict[str, str]:
        """What the template says and what Lambda itself sets; nothing of this process's environment.

        Source: "Defined runtime environment variables", Lambda developer guide.
        """
        spec = self._spec
        return {
            "LANG": "en_US.UTF-8",
            "PATH": os.defpath,
            "TZ": ":UTC",
            **self._aws,
            **spec.environment,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python{}.{}".format(*self._python.minor),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_DEFAULT_REGION": spec.region,
            "AWS_REGION": spec.region,
            "LAMBDA_RUNTIME_DIR": str(self._runtime_client),
            "LAMBDA_TASK_ROOT": str(self._task_root),
            "PYTHONPATH": os.pathsep.join([str(self._task_root), str(self._runtime_client)]),
            "_HANDLER": spec.handler,
        }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
