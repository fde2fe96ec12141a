"""Owns whether the port that a person asked for can be had."""

import errno
import socket

from localaws.errors import LocalAwsError

ADDRESS = "127.0.0.1"


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
