"""The Lambda service: functions and mappings of whatever stacks there are, running."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from infra.interpreters import LAMBDA_PYTHON, Interpreter, lambda_python
from localaws.gaps import sqs as moto_sqs
from localaws.lambda_service.event_source_mapping import QueuePump
from localaws.lambda_service.function import Function
from localaws.lambda_service.function_logs import FunctionLogs, LineListener
from localaws.models.lambda_ import FunctionSpec, Listener, MappingSpec, MappingState
from localaws.supervision import Supervisor

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class LambdaService(Listener):
    """Runs the functions and pumps the queues of whatever stacks there are. `concurrency` caps each mapping's own.

    `python` is the one that the functions run on. `functions` are there by their names, `pumps` by their mappings' ids.
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
        self._lock = Lock()
        self.functions: dict[str, Function] = {}
        self.pumps: dict[str, QueuePump] = {}

    def listen(self, listener: LineListener) -> None:
        """Tell of every log line of every function, those of later stacks too."""
        with self._lock:
            self._listeners.append(listener)
            for function in self.functions.values():
                function.logs.listen(listener)

    def function_put(self, spec: FunctionSpec) -> None:
        """Host the function; one of that name that is there already is replaced, and its pump feeds the new one."""
        with self._lock:
            logs = FunctionLogs(spec.name, spec.log_group, self._client("logs"), self._supervisor)
            for listener in self._listeners:
                logs.listen(listener)
            old = self.functions.get(spec.name)
            # As on AWS, each function has credentials of its own: its requests can be told from all others.
            aws = {**self._aws, "AWS_ACCESS_KEY_ID": spec.name}
            self.functions[spec.name] = Function(
                spec, python=self._python, aws=aws, logs=logs, supervisor=self._supervisor
            )
            if old:
                old.close()

    def mapping_put(self, mapping: MappingSpec) -> None:
        """Pump the queue; a mapping of that id that is there already is replaced."""
        self.mapping_removed(mapping.id)
        with self._lock:
            sqs: SQSClient = self._client("sqs")
            _, _, _, _, account_id, name = mapping.queue_arn.split(":")
            self.pumps[mapping.id] = QueuePump(
                mapping,
                queue_url=f"{sqs.meta.endpoint_url}/{account_id}/{name}",
                function=lambda: self.functions[mapping.function_name],
                sqs=sqs,
                concurrency=min(mapping.max_concurrency or self._concurrency, self._concurrency),
                supervisor=self._supervisor,
            )

    def mapping_removed(self, mapping_id: str) -> None:
        """Pump the queue no longer, and end the function's processes."""
        with self._lock:
            if pump := self.pumps.pop(mapping_id, None):
                pump.stop()
                self.functions[pump.mapping.function_name].kill()

    def mapping_enabled(self, mapping_id: str, *, enabled: bool) -> None:
        """Pump the queue, or take nothing out of it any more; what has been taken is worked on to its end."""
        with self._lock:
            pump = self.pumps[mapping_id]
        pump.enable(enabled=enabled)

    def mappings(self) -> Sequence[MappingState]:
        """The mappings that there are."""
        with self._lock:
            pumps = list(self.pumps.values())
        return [MappingState(pump.mapping, enabled=pump.enabled, busy=pump.busy) for pump in pumps]

    def unquiet(self) -> list[str]:
        """What is still going on, one line for each queue and function; empty when all is quiet."""
        with self._lock:
            pumps = list(self.pumps.values())
        # Functions first: a message leaves the count of running ones only after it has left its queue.
        busy = [f"function {pump.mapping.function_name} is running" for pump in pumps if pump.busy]
        depths = {pump.mapping.queue_name: moto_sqs.depth(pump.mapping.queue_arn) for pump in pumps}
        return busy + [f"queue {name}: {depth}" for name, depth in depths.items() if depth]

    def close(self) -> None:
        """Stop pumping and end every process."""
        with self._lock:
            for pump in self.pumps.values():
                pump.pause()
            for function in self.functions.values():
                # A function in the middle of its work is killed: its pump would wait for it.
                function.close()
            for pump in self.pumps.values():
                pump.stop()


def python_of_functions() -> Interpreter:
    """The Python that AWS runs the functions on, where this machine has it; else the one that runs this."""
    own = Interpreter.own()
    return own if own.minor == LAMBDA_PYTHON else lambda_python() or own


def python_shown(python: Interpreter) -> str:
    """Which Python the functions run on, and whether that is AWS's, in a sentence."""
    version = "{}.{}".format(*LAMBDA_PYTHON)
    if python.minor == LAMBDA_PYTHON:
        return f"The functions run on Python {python.name} ({python.executable}), as on AWS."
    return f"The functions run on Python {python.name}: no Python {version}, which AWS runs them on, was found here."
