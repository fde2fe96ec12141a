"""A deployed function and the pump that feeds it, as a test handles them."""

from dataclasses import dataclass

from localaws.embedded import EmbeddedAws
from localaws.lambda_service.event_source_mapping import QueuePump
from localaws.lambda_service.function import Function


@dataclass(frozen=True)
class DeployedFunction:
    """The function of that name on an embedded AWS, whatever updates of its stack there are."""

    aws: EmbeddedAws
    name: str

    @property
    def function(self) -> Function:
        return self.aws.lambda_service.functions[self.name]

    @property
    def pumps(self) -> list[QueuePump]:
        pumps = self.aws.lambda_service.pumps.values()
        return [pump for pump in pumps if pump.mapping.function_name == self.name]

    @property
    def pid(self) -> int:
        """The id of the process that works, or that will take the next event."""
        if not any(each.alive for each in self.function._environments):  # noqa: SLF001 - nobody else asks for processes
            self.function.warm()
        environments = [each for each in self.function._environments if each.alive]  # noqa: SLF001 - as above
        environment = next((each for each in environments if each._current), environments[0])  # noqa: SLF001 - as above
        environment._started.wait()  # noqa: SLF001 - as above
        process = environment._process  # noqa: SLF001 - as above
        assert process is not None
        return process.pid

    @property
    def busy(self) -> bool:
        """Whether a batch is on its way through the function."""
        return any(pump.busy for pump in self.pumps)

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
        for pump in self.pumps:
            pump.pause()

    def resume(self) -> None:
        """Take messages again."""
        for pump in self.pumps:
            pump.resume()
