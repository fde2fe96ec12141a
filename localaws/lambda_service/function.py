"""A function: as many warm processes as are needed, a new one after a crash or a time-out."""

import contextlib
import hashlib
import io
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from infra.bundling import CALLS, BundlingError, Target, dependencies, runtime_client
from infra.interpreters import Interpreter
from localaws.cache import CACHE, cached
from localaws.lambda_service.execution_environment import ExecutionEnvironment
from localaws.lambda_service.function_logs import FunctionLogs
from localaws.lambda_service.runtime_api import FunctionError
from localaws.models.lambda_ import FunctionSpec
from localaws.supervision import Supervisor

# Processes that end before they can take an event, one after the other: Lambda would go on trying, unseen.
_MOST_FAILED_STARTS = 3


class Function:
    """A deployed function, on a Python of this machine."""

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        python: Interpreter,
        aws: Mapping[str, str],
        logs: FunctionLogs,
        supervisor: Supervisor,
    ) -> None:
        self.spec = spec
        self.logs = logs
        self._python = python
        self._aws = aws
        self._environments: list[ExecutionEnvironment] = []
        self._idle: list[ExecutionEnvironment] = []
        self._lock = Lock()
        self._closed = False
        self._supervisor = supervisor
        self._failed_starts = 0

    def warm(self) -> None:
        """Start a process before there is anything for it to do; if it cannot start, the first event will show it."""
        with contextlib.suppress(FunctionError):
            self._give_back(self._take())

    def invoke(self, event: bytes) -> bytes:
        """Run the handler on an event, JSON text, and give what it returned, JSON text.

        Raises:
            FunctionError: the handler raised, could not be loaded, ran out of time, or its process died.
        """
        environment = self._take()
        try:
            answer = environment.invoke(event)
            self._failed_starts = 0
            return answer
        finally:
            self._give_back(environment)

    def kill(self) -> None:
        """SIGKILL every process of the function, whatever it is doing; the next event gets a new one."""
        with self._lock:
            environments = list(self._environments)
        for environment in environments:
            environment.kill()

    def close(self) -> None:
        """End every process, for good."""
        with self._lock:
            self._closed = True
            environments = list(self._environments)
        for environment in environments:
            environment.close()
        self.logs.close()

    def _take(self) -> ExecutionEnvironment:
        with self._lock:
            if self._closed:
                raise FunctionError("Runtime.ExitError", f"{self.spec.name} was stopped")
            while self._idle:
                environment = self._idle.pop()
                if environment.alive:
                    return environment
            return self._start()

    def _start(self) -> ExecutionEnvironment:
        target = Target.host(self._python)
        try:
            code, client = _task_root(self.spec, target), runtime_client(target=target)
        except (BundlingError, OSError, zipfile.BadZipFile) as error:
            message = f"{self.spec.name} cannot start: {error}"
            self.logs.add("localaws", message)
            self._supervisor.fail(message, error)
            raise FunctionError("Sandbox.StartFailed", message) from error
        environment = ExecutionEnvironment(
            self.spec,
            python=self._python,
            task_root=code,
            runtime_client=client,
            aws=self._aws,
            log=self.logs.add,
            supervisor=self._supervisor,
            ended=self._replace_failed_start,
        )
        self._environments = [environment, *(other for other in self._environments if other.alive)]
        return environment

    def _replace_failed_start(self, environment: ExecutionEnvironment) -> None:
        reason = environment.start_failure
        if reason is None or self._closed:
            return
        self._failed_starts += 1
        if self._failed_starts >= _MOST_FAILED_STARTS:
            self._supervisor.fail(f"{self.spec.name} cannot start, {self._failed_starts} times in a row: {reason}")
        else:
            self.warm()

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        with self._lock:
            if environment.alive:
                self._idle.append(environment)


def _task_root(spec: FunctionSpec, target: Target) -> Path:
    """The directory that holds a function's code, as the target can run it."""
    words = spec.handler.split(".")
    is_ours = words[0] == "services" and words[1] in CALLS
    return unpacked(spec.code, host_wheels=dependencies(words[1], target=target) if is_ours else None)


def unpacked(code: bytes, *, host_wheels: Path | None, cache: Path = CACHE / "functions") -> Path:
    """The directory that the deployed zip is unpacked into, once per content.

    The zip's compiled wheels are built for Lambda's processor and Python. What `host_wheels` (the same locked wheels,
    built for this machine) have besides is put next to them; what was deployed is never replaced.
    """
    identity = hashlib.sha256(code)
    identity.update(str(host_wheels).encode())

    def build(place: Path) -> None:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(place)
        if host_wheels is not None:
            _add_missing(host_wheels, place)

    return cached(cache / identity.hexdigest()[:32], build)


def _add_missing(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        copy = target / file.relative_to(source)
        if file.is_file() and "__pycache__" not in file.parts and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
