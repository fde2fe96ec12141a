"""`python -m infra.stack_options`: the options that have `copytrail` work on the stack that the CDK is given."""

import argparse
import sys
from collections.abc import Sequence

from infra.environments import settings_here
from shared.errors import ConfigurationError


def main(arguments: Sequence[str]) -> int:
    """Print `--stack NAME`, and the CDK's own `--profile`; the exit code, 1 where no stack can be told."""
    parser = argparse.ArgumentParser(prog="python -m infra.stack_options", description=__doc__)
    parser.add_argument("--context", default="", help="environment=NAME, as the CDK is given it")
    parser.add_argument("--profile", help="as the CDK is given it")
    given, _ = parser.parse_known_args(arguments)
    try:
        stack = settings_here(given.context).stack_name
    except ConfigurationError as error:
        print(f"which stack it is cannot be told: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    print("--stack", stack, *(("--profile", given.profile) if given.profile else ()))  # noqa: T201 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
