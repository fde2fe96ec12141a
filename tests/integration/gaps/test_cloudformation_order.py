"""The order in which CloudFormation on the emulated AWS makes, changes and deletes what a template names."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.parsing import ResourceMap


@pytest.fixture
def cloudformation(gap_aws: Any) -> Iterator[Any]:
    client = boto3.Session("test", "test", region_name="us-east-1").client(
        "cloudformation", endpoint_url=gap_aws.server.endpoint_url
    )
    yield client
    client.close()


@pytest.fixture
def done(gap_aws: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:  # noqa: ARG001 - its gaps are closed before this listens
    """What moto does with resources, in words, as it does it."""
    told: list[str] = []

    def telling(owner: Any, name: str, word: str, place: int) -> None:
        original = getattr(owner, name)

        def tell(*arguments: Any, **named: Any) -> Any:
            # What moto makes on the way is made before what needs it.
            result = original(*arguments, **named)
            told.append(f"{word} {getattr(arguments[place], 'logical_resource_id', arguments[place])}")
            return result

        monkeypatch.setattr(owner, name, tell)

    telling(parsing, "parse_and_create_resource", "create", 0)
    telling(parsing, "parse_and_update_resource", "update", 0)
    telling(ResourceMap, "_delete_resource", "delete", 1)
    return told


def queue(*, after: str | None = None, letters_to: str | None = None, **properties: Any) -> dict[str, Any]:
    if letters_to:
        target = {"Fn::GetAtt": [letters_to, "Arn"]}
        properties["RedrivePolicy"] = {"deadLetterTargetArn": target, "maxReceiveCount": 5}
    return {"Type": "AWS::SQS::Queue", "Properties": properties, **({"DependsOn": [after]} if after else {})}


def body(**resources: dict[str, Any]) -> str:
    return json.dumps({"Resources": resources})


CHAIN = {"A": queue(after="B"), "B": queue(letters_to="C"), "C": queue(after="D"), "D": queue()}


def test_what_a_resource_names_is_made_before_it_and_deleted_after_it(cloudformation: Any, done: list[str]) -> None:
    cloudformation.create_stack(StackName="stack", TemplateBody=body(**CHAIN))
    assert done == ["create D", "create C", "create B", "create A"]
    done.clear()
    cloudformation.delete_stack(StackName="stack")
    assert done == ["delete A", "delete B", "delete C", "delete D"]


def test_an_update_adds_and_changes_in_order_and_deletes_in_the_end(cloudformation: Any, done: list[str]) -> None:
    cloudformation.create_stack(StackName="stack", TemplateBody=body(**CHAIN))
    done.clear()
    changed = {"E": queue(after="A"), "A": queue(after="B", VisibilityTimeout=60), "B": queue(letters_to="C")}
    cloudformation.update_stack(StackName="stack", TemplateBody=body(**changed, C=queue()))
    assert [each for each in done if each != "update C"] == ["update A", "create E", "delete D"]


def test_what_gets_another_name_is_made_anew_and_referred_to_before_the_old_one_goes(
    cloudformation: Any, done: list[str], gap_aws: Any
) -> None:
    def template(name: str) -> str:
        return body(A=queue(QueueName="feeding", letters_to="B"), B=queue(QueueName=name))

    cloudformation.create_stack(StackName="stack", TemplateBody=template("old"))
    done.clear()
    cloudformation.update_stack(StackName="stack", TemplateBody=template("new"))
    assert done == ["create B", "update A", "delete B"]
    urls = gap_aws.sqs.list_queues()["QueueUrls"]
    assert sorted(url.rpartition("/")[2] for url in urls) == ["feeding", "new"]
    attributes = gap_aws.sqs.get_queue_attributes(
        QueueUrl=next(url for url in urls if url.endswith("feeding")), AttributeNames=["RedrivePolicy"]
    )["Attributes"]
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].endswith(":new")


def test_resources_that_name_one_another_are_refused(cloudformation: Any) -> None:
    with pytest.raises(ClientError, match=r"Circular dependency between resources: .*A"):
        cloudformation.create_stack(StackName="stack", TemplateBody=body(A=queue(after="B"), B=queue(after="A")))
