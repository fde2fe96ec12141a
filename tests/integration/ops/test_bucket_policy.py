"""`copytrail bucket-policy`: what the owner of a bucket in another account is asked for."""

import json
from typing import Any

from shared.copier_permissions import copier_grants
from shared.routes import Route
from tests.integration.ops.conftest import AuditTerminal

ROLE = "arn:aws-cn:iam::123456789012:role/copier"


def statements(terminal: AuditTerminal, bucket: str) -> dict[str, dict[str, Any]]:
    printed = terminal.run("bucket-policy", bucket)
    assert (printed.returncode, printed.stderr) == (0, "")
    policy = json.loads(printed.stdout)
    assert policy["Version"] == "2012-10-17"
    assert {(one["Effect"], one["Principal"]["AWS"]) for one in policy["Statement"]} == {("Allow", ROLE)}
    return {one["Sid"]: one for one in policy["Statement"]}


def test_of_a_destination_the_copier_writes_the_keys_that_its_routes_write(terminal: AuditTerminal) -> None:
    found = statements(terminal, "theirs")
    assert found.keys() == {"CopytrailWritesObjects", "CopytrailListsBuckets", "CopytrailSeesWhoPays"}
    assert found["CopytrailWritesObjects"]["Resource"] == [
        "arn:aws-cn:s3:::theirs/copies/*",
        "arn:aws-cn:s3:::theirs/copies/x/*",
    ]
    assert {"s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"} <= set(found["CopytrailWritesObjects"]["Action"])
    assert found["CopytrailListsBuckets"]["Action"] == ["s3:ListBucket"]
    assert found["CopytrailListsBuckets"]["Resource"] == ["arn:aws-cn:s3:::theirs"]


def test_of_a_source_the_copier_reads_the_keys_that_its_routes_read(terminal: AuditTerminal) -> None:
    found = statements(terminal, "uploads")
    assert found.keys() == {"CopytrailReadsObjects", "CopytrailListsBuckets", "CopytrailSeesWhoPays"}
    assert found["CopytrailReadsObjects"]["Resource"] == [
        "arn:aws-cn:s3:::uploads/in/*",
        "arn:aws-cn:s3:::uploads/a${*}/*",
        "arn:aws-cn:s3:::uploads/x/*",
    ]
    assert "s3:PutObject" not in found["CopytrailReadsObjects"]["Action"]


def test_its_statements_are_those_of_the_role(terminal: AuditTerminal) -> None:
    # The template's tests say which actions those are.
    routes = [Route(source_bucket="between", destination_bucket="theirs")]
    actions = {f"Copytrail{grant.purpose}": list(grant.actions) for grant in copier_grants(routes)}
    found = statements(terminal, "theirs") | statements(terminal, "uploads")
    assert {sid: one["Action"] for sid, one in found.items()} == actions


def test_a_bucket_is_found_by_its_alias_too(terminal: AuditTerminal) -> None:
    assert statements(terminal, "destination") == statements(terminal, "theirs")


def test_a_bucket_between_two_routes_is_read_and_written(terminal: AuditTerminal) -> None:
    assert statements(terminal, "middle").keys() == {
        "CopytrailReadsObjects",
        "CopytrailWritesObjects",
        "CopytrailListsBuckets",
        "CopytrailSeesWhoPays",
    }


def test_an_unknown_bucket_is_answered_with_those_there_are(terminal: AuditTerminal) -> None:
    ended = terminal.run("bucket-policy", "nowhere")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith(
        "has no bucket 'nowhere': it has destination (theirs), middle (between), source (uploads)\n"
    )
