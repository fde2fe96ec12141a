"""A function's lines are kept, whoever listens to them."""

from typing import Any

from localaws.lambda_service.function_logs import FunctionLogs
from localaws.supervision import Supervisor


class Logs:
    """CloudWatch Logs that takes everything."""

    def create_log_stream(self, **_: Any) -> None:
        """Taken."""

    def put_log_events(self, **_: Any) -> None:
        """Taken."""


def test_a_listener_that_fails_neither_ends_the_function_nor_loses_a_line() -> None:
    heard = []

    def broken(_function: str, line: str) -> None:
        raise UnicodeEncodeError("ascii", line, 0, 1, "the terminal has no such character")

    logs = FunctionLogs("copier", "/aws/lambda/copier", Logs(), Supervisor())
    logs.listen(broken)
    logs.listen(lambda _function, line: heard.append(line))
    for line in ("é", "second"):
        logs.add("stream", line)
    logs.close()

    assert heard == ["é", "second"]
    assert logs.lines[0] == "é"
    assert logs.lines[1].startswith("[localaws] a line was not shown: UnicodeEncodeError")
