"""A route of every version brings a table that keeps the order, and what the copier needs of it."""

from collections.abc import Callable, Mapping
from typing import Any

Template = Mapping[str, Any]
CONTEXT = {
    "buckets": {"source": {"versioned": True}, "destination": {"versioned": True}},
    "routes": [{"from": "source", "to": "destination", "versions": "every"}],
}


def of_type(template: Template, kind: str) -> list[Any]:
    return [resource for resource in template["Resources"].values() if resource["Type"] == kind]


def actions_on(template: Template, resource: str) -> set[str]:
    return {
        action
        for policy in of_type(template, "AWS::IAM::Policy")
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Resource"] == resource
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def copiers_variables(template: Template) -> Mapping[str, Any]:
    return next(
        variables
        for function in of_type(template, "AWS::Lambda::Function")
        if "ROUTES" in (variables := function["Properties"]["Environment"]["Variables"])
    )


def test_the_placement_table_is_keyed_by_destination_and_version_and_forgets(
    readable: Callable[[Template], Template],
) -> None:
    template = readable(CONTEXT)
    table = template["Resources"]["PlacementTable"]

    assert table["Properties"]["KeySchema"] == [
        {"AttributeName": "DestinationObject", "KeyType": "HASH"},
        {"AttributeName": "SourceVersion", "KeyType": "RANGE"},
    ]
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "ExpiresAt", "Enabled": True}
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert copiers_variables(template)["PLACEMENT_TABLE_NAME"] == "PlacementTable"


def test_the_copier_may_keep_the_order_and_list_versions(readable: Callable[[Template], Template]) -> None:
    template = readable(CONTEXT)

    assert actions_on(template, "PlacementTable.Arn") == {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert "s3:ListBucketVersions" in actions_on(template, "Bucketssource.Arn")


def test_without_such_a_route_there_is_nothing_of_it(template: Template) -> None:
    assert "PlacementTable" not in template["Resources"]
    assert "PLACEMENT_TABLE_NAME" not in copiers_variables(template)
    assert "s3:ListBucketVersions" not in str(template)
