"""The app that the CDK command line runs: cdk.json's context in, a cloud assembly out."""

import os
import sys

from aws_cdk import App

from infra.bundling import ROOT, BundlingError
from infra.environments import NAME_KEY, read_environment
from infra.interpreters import LAMBDA_PYTHON, lambda_python
from infra.stack import CopytrailStack
from infra.validation import CONTEXT_KEY
from shared.errors import ConfigurationError

# Another asset, and so another deployment, than from a machine that has such a Python: nobody is to wonder why.
WITHOUT_BYTECODE = (
    "copytrail: no Python {}.{} was found here, so the functions ship without bytecode, and each cold start compiles"
    " them; docs/deploying.md says more".format(*LAMBDA_PYTHON)
)


def main() -> int:
    """Synthesize the stack, or say on stderr what is wrong with the configuration; the exit code."""
    app = App(analytics_reporting=False)
    context = app.node.try_get_context(CONTEXT_KEY)
    if context is None:
        return _refuse([_no_context()])
    try:
        environment = app.node.try_get_context(NAME_KEY) or ""
        CopytrailStack(app, read_environment(environment, ROOT, context))
    except ConfigurationError as error:
        return _refuse(error.problems)
    except BundlingError as error:
        return _refuse([str(error)])
    app.synth()
    if lambda_python() is None:
        print(WITHOUT_BYTECODE, file=sys.stderr)  # noqa: T201 - this is a command
    return 0


def _no_context() -> str:
    if "CDK_OUTDIR" not in os.environ:
        return "run this through the CDK, which hands cdk.json's context over: make synth"
    return f"cdk.json: the context has no '{CONTEXT_KEY}'; '{CONTEXT_KEY}': {{}} takes every default"


def _refuse(problems: list[str]) -> int:
    print("copytrail cannot be synthesized:", *(f"  - {problem}" for problem in problems), sep="\n", file=sys.stderr)  # noqa: T201 - this is a command
    return 1


if __name__ == "__main__":
    sys.exit(main())
