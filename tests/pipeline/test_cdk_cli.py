"""The real CDK command line puts the same system up that `localaws.deployment.deploy` does."""

from pathlib import Path

from localaws.embedded import REGION, EmbeddedAws
from tests import cdk


def test_bootstrap_and_deploy_put_up_a_system_that_copies_and_records(tmp_path: Path) -> None:
    with EmbeddedAws() as aws:
        # Away from cdk.json, as it would run the app only to throw the result away.
        cdk.run("bootstrap", f"aws://123456789012/{REGION}", cwd=tmp_path, aws=aws.environment)
        unattended = ("--require-approval", "never", "--output", str(tmp_path / "cdk.out"))
        cdk.run("deploy", *unattended, aws=aws.environment)
        [stack] = aws.client("cloudformation").describe_stacks(StackName="copytrail")["Stacks"]
        assert stack["EnableTerminationProtection"]
        s3 = aws.client("s3")
        s3.put_object(Bucket="devops-public-5607", Key="sample.zip", Body=b"sample")
        aws.wait_until_quiet()
        assert s3.get_object(Bucket="devops-private-28593", Key="sample.zip")["Body"].read() == b"sample"
        [record] = aws.client("dynamodb").scan(TableName="devops-S3CopyLogs")["Items"]
        assert record["Outcome"] == {"S": "Copied"}
        assert record["ObjectKey"] == {"S": "sample.zip"}
