"""The embedded AWS as everyone uses it: a server, the stack, its functions, and when all of it is quiet."""

import time
from collections.abc import Callable, Mapping
from threading import Lock
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from infra.interpreters import Interpreter
from localaws.deployment import deploy, synth
from localaws.errors import LocalAwsError
from localaws.lambda_service.function_logs import LineListener
from localaws.lambda_service.service import LambdaService, python_of_functions
from localaws.models.lambda_ import REGISTRY, Listener
from localaws.server import MotoServer
from localaws.supervision import Supervisor
from shared.lambda_runtime.aws import keep_expires_as_text

REGION = "us-east-1"
# moto's own.
ACCOUNT_ID = "123456789012"
_CREDENTIAL = "test"
_POLL_EVERY_S = 0.05


def environment_of(endpoint_url: str) -> dict[str, str]:
    """The variables that make boto3, the `aws` client and the CDK talk to an AWS on this machine."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": _CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": _CREDENTIAL,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }


def client_of(endpoint_url: str, service: str) -> Any:
    """A boto3 client of an AWS on this machine, for up to 32 threads, that asks once."""
    client = boto3.client(
        service,  # type: ignore[call-overload]  # boto3-stubs types literal service names only
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=_CREDENTIAL,
        aws_secret_access_key=_CREDENTIAL,
        config=Config(max_pool_connections=32, retries={"total_max_attempts": 1}),
    )
    keep_expires_as_text(client)
    return client


class NotQuietError(LocalAwsError):
    """Something was still going on when the time was over; the message names it."""


class EmbeddedAws:
    """An AWS in this process, empty at the start, gone at the end of the `with` block.

    Args:
        port: to listen on at 127.0.0.1; 0 takes any free one.
        concurrency: how many processes a function has at most.
        python: what the functions run on; None takes the Python that AWS runs them on where this machine has it, else
            the one that runs this.

    `stack_name` is that of the stack that was deployed last, `python` what the functions run on, `lambda_service` what
    runs them.

    Raises:
        PortInUseError: on entering.
        EndedUnaskedError: on leaving, when a thread or a process ended that nobody stopped. Every connection ends then,
            so that whatever the block waits for fails at once.
    """

    def __init__(self, port: int = 0, *, concurrency: int = 2, python: Interpreter | None = None) -> None:
        self._supervisor = Supervisor()
        self.server = MotoServer(port, supervisor=self._supervisor)
        self._concurrency = concurrency
        self.python = python or python_of_functions()
        self._clients: dict[str, Any] = {}
        self._lock = Lock()
        self.lambda_service: LambdaService
        self.stack_name: str | None = None

    def __enter__(self) -> "EmbeddedAws":
        self.server.__enter__()
        self.lambda_service = LambdaService(
            client=self.client,
            aws=self.environment,
            concurrency=self._concurrency,
            python=self.python,
            supervisor=self._supervisor,
        )
        REGISTRY.listener = self.lambda_service
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        REGISTRY.listener = Listener()
        try:
            self.lambda_service.close()
        finally:
            for client in self._clients.values():
                client.close()
            self.server.__exit__(kind, error, trace)

    @property
    def endpoint_url(self) -> str:
        """What AWS_ENDPOINT_URL has to be."""
        return self.server.endpoint_url

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make boto3, the `aws` client and the CDK talk to this AWS."""
        return environment_of(self.endpoint_url)

    def client(self, service: str) -> Any:
        """A boto3 client of this AWS, the same one each time; it may be shared by threads."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = client_of(self.endpoint_url, service)
            return self._clients[service]

    def deploy(self, context: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Synthesize the app, put its stack up, and give the stack's outputs.

        Args:
            context: merged into the `copytrail` settings of `cdk.json`.

        Raises:
            LocalAwsError: synth, an unknown resource type or CloudFormation stopped it.
        """
        check = self._supervisor.check
        place = synth.synthesize(context, account_id=ACCOUNT_ID, region=REGION, check=check)
        stack = deploy.read_stack(place, account_id=ACCOUNT_ID, region=REGION)
        self.stack_name = stack.name
        check()
        return deploy.deploy(stack, self.client)

    def on_log_line(self, listener: LineListener) -> None:
        """Tell of each log line of each function as it comes: the function's name and the line."""

        def tell(function: str, line: str) -> None:
            # What fails because the rest has ended is not worth a line.
            if self._supervisor.failure is None:
                listener(function, line)

        self.lambda_service.listen(tell)

    def wait_until_quiet(self, timeout_s: float = 30.0, *, waiting_for: Callable[[str], None] | None = None) -> None:
        """Wait until no pumped queue holds a message and no function runs, seen so twice in a row.

        Messages in a dead-letter queue rest there, and count as quiet.

        Args:
            timeout_s: the longest wait, in seconds.
            waiting_for: told what is still going on, whenever that changes.

        Raises:
            NotQuietError: it took longer than `timeout_s`.
            EndedUnaskedError: a thread or a process ended that nobody stopped.
        """
        give_up_at = time.monotonic() + timeout_s
        calm, told = 0, ""
        while calm < 2:  # noqa: PLR2004  # twice, as said
            self._supervisor.check()
            unquiet = "; ".join(self.lambda_service.unquiet())
            if unquiet and time.monotonic() > give_up_at:
                raise NotQuietError(f"not quiet after {timeout_s:g} s, waiting for: {unquiet}")
            if waiting_for and unquiet not in {told, ""}:
                waiting_for(unquiet)
                told = unquiet
            calm = 0 if unquiet else calm + 1
            time.sleep(_POLL_EVERY_S)

    def wait_until_it_ends(self) -> None:
        """Wait for as long as all is well.

        Raises:
            EndedUnaskedError: a thread or a process ended that nobody stopped.
        """
        self._supervisor.wait()
