"""The Lambda service: functions and mappings of whatever stacks there are, running."""

from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from infra import bundling
from infra.interpreters import Interpreter, installed
from localaws.gaps import sqs as moto_sqs
from localaws.lambda_service.event_source_mapping import QueuePump
from localaws.lambda_service.function import Function
from localaws.lambda_service.function_logs import FunctionLogs, LineListener
from localaws.models.lambda_registry import FunctionSpec, Listener, MappingSpec
from localaws.supervision import Supervisor

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class HostedFunction:
    """A deployed function and the pump that feeds it, as a test handles them."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.pump: QueuePump | None = None
        self._paused = False

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.spec.name

    @property
    def pid(self) -> int:
        """The id of the process that works, or that will take the next event."""
        return self.function.pid

    @property
    def busy(self) -> bool:
        """Whether a batch is on its way through the function."""
        return self.pump is not None and self.pump.busy

    def invoke(self, event: bytes) -> bytes:
        """Run the handler on an event, past the queue. Raises FunctionError."""
        return self.function.invoke(event)

    def kill(self) -> None:
        """SIGKILL the function's processes, in the middle of whatever they are doing."""
        self.function.kill()

    def log_lines(self) -> list[str]:
        """Every line that the function and Lambda have logged so far."""
        return self.function.logs.lines

    def pause(self) -> None:
        """Leave messages in the queue from now on."""
        self._paused = True
        if self.pump:
            self.pump.pause()

    def resume(self) -> None:
        """Take messages again."""
        self._paused = False
        if self.pump:
            self.pump.resume()


class LambdaService(Listener):
    """Runs the functions and pumps the queues of whatever stacks there are. `concurrency` caps each mapping's own.

    `python` is the one that the functions run on.
    """

    def __init__(
        self,
        *,
        client: Callable[[str], Any],
        aws: Mapping[str, str],
        concurrency: int,
        python: Interpreter,
        supervisor: Supervisor,
    ) -> None:
        self._client = client
        self._aws = aws
        self._concurrency = concurrency
        self._python = python
        self._supervisor = supervisor
        self._listeners: list[LineListener] = []
        self._mappings: dict[str, HostedFunction] = {}
        self._lock = Lock()
        self.functions: dict[str, HostedFunction] = {}

    def listen(self, listener: LineListener) -> None:
        """Tell of every log line of every function, those of later stacks too."""
        with self._lock:
            self._listeners.append(listener)
            for hosted in self.functions.values():
                hosted.function.logs.listen(listener)

    def function_put(self, spec: FunctionSpec) -> None:
        """Host the function; one of that name that is there already is replaced, and its pump feeds the new one."""
        with self._lock:
            logs = FunctionLogs(spec.name, spec.log_group, self._client("logs"), self._supervisor)
            for listener in self._listeners:
                logs.listen(listener)
            function = Function(
                spec,
                python=self._python,
                aws=self._aws,
                logs=logs,
                supervisor=self._supervisor,
            )
            if hosted := self.functions.get(spec.name):
                old, hosted.function = hosted.function, function
                old.close()
            else:
                self.functions[spec.name] = HostedFunction(function)

    def mapping_put(self, mapping: MappingSpec) -> None:
        """Pump the queue; a mapping of that id that is there already is replaced."""
        self.mapping_removed(mapping.id)
        with self._lock:
            hosted = self.functions[mapping.function_name]
            sqs: SQSClient = self._client("sqs")
            _, _, _, _, account_id, name = mapping.queue_arn.split(":")
            hosted.pump = QueuePump(
                mapping,
                queue_url=f"{sqs.meta.endpoint_url}/{account_id}/{name}",
                invoke=hosted.invoke,
                prepare=hosted.function.warm,
                sqs=sqs,
                concurrency=min(mapping.max_concurrency or self._concurrency, self._concurrency),
                supervisor=self._supervisor,
            )
            self._mappings[mapping.id] = hosted

    def mapping_removed(self, mapping_id: str) -> None:
        """Pump the queue no longer, and end the function's processes."""
        with self._lock:
            hosted = self._mappings.pop(mapping_id, None)
            if hosted and hosted.pump:
                hosted.pump.stop()
                hosted.pump = None
                hosted.kill()

    def unquiet(self) -> list[str]:
        """What is still going on, one line for each queue and function; empty when all is quiet."""
        with self._lock:
            pumps = [hosted.pump for hosted in self.functions.values() if hosted.pump]
        # Functions first: a message leaves the count of running ones only after it has left its queue.
        busy = [f"function {pump.mapping.function_name} is running" for pump in pumps if pump.busy]
        depths = {pump.mapping.queue_name: moto_sqs.depth(pump.mapping.queue_arn) for pump in pumps}
        return busy + [f"queue {name}: {depth}" for name, depth in depths.items() if depth]

    def close(self) -> None:
        """Stop pumping and end every process."""
        with self._lock:
            hosted_functions = list(self.functions.values())
            for hosted in hosted_functions:
                hosted.pause()
            for hosted in hosted_functions:
                # A function in the middle of its work is killed: its pump would wait for it.
                hosted.function.close()
            for hosted in hosted_functions:
                if hosted.pump:
                    hosted.pump.stop()


@cache
def python_of_functions() -> Interpreter:
    """The Python that AWS runs the functions on, where this machine has it; else the one that runs this."""
    own = Interpreter.own()
    return own if own.minor == bundling.LAMBDA_PYTHON else next(installed(bundling.LAMBDA_PYTHON), own)


def python_shown(python: Interpreter) -> str:
    """Which Python the functions run on, and whether that is AWS's, in a sentence."""
    wanted = "{}.{}".format(*bundling.LAMBDA_PYTHON)
    if python.minor == bundling.LAMBDA_PYTHON:
        return f"The functions run on Python {python.name} ({python.executable}), as on AWS."
    return f"The functions run on Python {python.name}: no Python {wanted}, which AWS runs them on, was found here."
