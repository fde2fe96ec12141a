"""What must not change once there is a stack is told before a deployment; all else may."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.costly_changes import costly_changes
from infra.validation import read_settings

NAMED = {"buckets": {"source": {"name": "uploads"}, "destination": {"name": "copies"}}, "auditTable": {"name": "log"}}
AS_NAMED = {"AuditTableName": "log", "BucketNames": json.dumps({"source": "uploads", "destination": "copies"})}
AS_CLOUDFORMATION_NAMES = {
    "AuditTableName": "copytrail-AuditTableB07F8EEB-1ABC",
    "BucketNames": json.dumps({"source": "copytrail-bucketssource-1abc", "destination": "copytrail-bucketsdest-2"}),
}


@pytest.mark.parametrize(
    ("context", "outputs"),
    [
        (NAMED, AS_NAMED),
        (NAMED, {}),
        ({}, AS_CLOUDFORMATION_NAMES),
        ({**NAMED, "buckets": {"source": {"name": "uploads"}, "destination": {"name": "others"}}}, AS_NAMED),
        ({**NAMED, "copier": {"functionName": "another", "roleName": "another"}}, AS_NAMED),
        ({**NAMED, "customerKey": True}, {**AS_NAMED, "CustomerKeyArn": "arn:key"}),
        # What the stack has and the settings do not name any more.
        ({**NAMED, "buckets": {"in": {"name": "new"}, "out": {}}, "routes": [{"from": "in", "to": "out"}]}, AS_NAMED),
    ],
)
def test_what_may_change_is_not_spoken_of(context: Mapping[str, Any], outputs: Mapping[str, str]) -> None:
    assert list(costly_changes(read_settings(context), outputs)) == []


@pytest.mark.parametrize(
    ("context", "outputs", "told"),
    [
        ({**NAMED, "auditTable": {"name": "other"}}, AS_NAMED, "the audit table is log, "),
        ({**NAMED, "auditTable": {}}, AS_NAMED, "the audit table is log, "),
        ({"auditTable": {"name": "log"}}, AS_CLOUDFORMATION_NAMES, "the audit table is copytrail-AuditTableB07F8EEB-1"),
        (
            {**NAMED, "buckets": {"source": {"name": "others"}, "destination": {"name": "copies"}}},
            AS_NAMED,
            "the source bucket 'source' is uploads, and copytrail.buckets.source.name is others: ",
        ),
        (NAMED, {**AS_NAMED, "CustomerKeyArn": "arn:key"}, "what the queues hold is encrypted with arn:key, "),
    ],
)
def test_what_loses_sight_of_records_or_uploads_is_told(
    context: Mapping[str, Any], outputs: Mapping[str, str], told: str
) -> None:
    [sentence] = costly_changes(read_settings(context), outputs)
    assert sentence.startswith(told)
