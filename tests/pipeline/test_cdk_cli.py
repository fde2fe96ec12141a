"""The real CDK command line puts the same system up that `localaws.deployment.deploy` does."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from localaws.cache import ROOT
from localaws.embedded import REGION, EmbeddedAws

SCRIPTS = Path(sys.executable).parent
CDK = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"


def run(*command: str, aws: Mapping[str, str], cwd: Path = ROOT) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    path = os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", os.defpath)])
    environment |= {**aws, "PATH": path, "CI": "true", "CDK_DISABLE_CLI_TELEMETRY": "1"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # the tools that package.json pins
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")


@pytest.fixture(scope="module")
def cdk() -> str:
    if not CDK.exists():
        run(str(SCRIPTS / "npm"), "ci", "--no-audit", "--no-fund", aws={})
    return str(CDK)


def test_bootstrap_and_deploy_put_up_a_system_that_copies_and_records(cdk: str, tmp_path: Path) -> None:
    with EmbeddedAws() as aws:
        node = str(SCRIPTS / "node")
        # Away from cdk.json, as it would run the app only to throw the result away.
        run(node, cdk, "bootstrap", f"aws://123456789012/{REGION}", cwd=tmp_path, aws=aws.environment)
        unattended = ("--require-approval", "never", "--output", str(tmp_path / "cdk.out"))
        run(node, cdk, "deploy", *unattended, aws=aws.environment)
        s3 = aws.client("s3")
        s3.put_object(Bucket="devops-public-5607", Key="sample.zip", Body=b"sample")
        aws.wait_until_quiet()
        assert s3.get_object(Bucket="devops-private-28593", Key="sample.zip")["Body"].read() == b"sample"
        [record] = aws.client("dynamodb").scan(TableName="devops-S3CopyLogs")["Items"]
        assert record["Outcome"] == {"S": "Copied"}
        assert record["ObjectKey"] == {"S": "sample.zip"}
