"""A route of every version brings a table that keeps the order, and what the copier needs of it."""

from tests.infra.template import Readable, Template, allowed_to, variables

CONTEXT = {
    "buckets": {"source": {"versioned": True}, "destination": {"versioned": True}},
    "routes": [{"from": "source", "to": "destination", "versions": "every"}],
}


def actions_on(template: Template, resource: str) -> set[str]:
    return {action for action, on in allowed_to(template, "CopierRole") if on == resource}


def test_the_placement_table_is_keyed_by_destination_and_version_and_forgets(readable: Readable) -> None:
    template = readable(CONTEXT)
    table = template["Resources"]["PlacementTable"]

    assert table["Properties"]["KeySchema"] == [
        {"AttributeName": "DestinationObject", "KeyType": "HASH"},
        {"AttributeName": "SourceVersion", "KeyType": "RANGE"},
    ]
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "ExpiresAt", "Enabled": True}
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert variables(template, "CopierFunction")["PLACEMENT_TABLE_NAME"] == "PlacementTable"


def test_the_copier_may_keep_the_order_and_list_versions(readable: Readable) -> None:
    template = readable(CONTEXT)

    assert actions_on(template, "PlacementTable.Arn") == {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert "s3:ListBucketVersions" in actions_on(template, "Bucketssource.Arn")


def test_without_such_a_route_there_is_nothing_of_it(template: Template) -> None:
    assert "PlacementTable" not in template["Resources"]
    assert "PLACEMENT_TABLE_NAME" not in variables(template, "CopierFunction")
    assert "s3:ListBucketVersions" not in str(template)
