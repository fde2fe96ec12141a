"""What SQS and DynamoDB do with messages and items, and that permissions are checked."""

import json
import time
from typing import Any

import boto3

from tests.second_aws.rules import DONE, Site, arn_of, attempt, rule

_VISIBILITY = "AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"
_DLQ = "AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"
_SEND = "AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"
_RECEIVE = "AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"
_PUT = "amazondynamodb/latest/APIReference/API_PutItem.html"
_ONCE = "one record, written once: `services/auditor/ledger.py`"
_ATTRIBUTE = {"Reason": {"DataType": "String", "StringValue": "ü why"}}


def _dead_lettered(aws: Site) -> tuple[Any, list[Any]]:
    """A message as it was received first, and what is in the DLQ after it was received twice of two times."""
    letters = aws.queue()
    policy = {"deadLetterTargetArn": arn_of(letters), "maxReceiveCount": 2}
    queue = aws.queue(RedrivePolicy=json.dumps(policy))
    aws.sqs.send_message(QueueUrl=queue, MessageBody="body", MessageAttributes=_ATTRIBUTE)
    [first] = aws.receive(queue, hidden_s=0)
    aws.receive(queue, hidden_s=0)
    aws.receive(queue)
    return first, aws.messages(letters, 1, within_s=3)


@rule(
    "SQS",
    "A message that was received comes to nobody else meanwhile",
    page=_VISIBILITY,
    rests="two copiers never have one delivery: `services/copier/worker.py`",
    aws="1, 0",
)
def messages_in_flight(aws: Site) -> str:
    queue = aws.queue()
    aws.sqs.send_message(QueueUrl=queue, MessageBody="body")
    return f"{len(aws.receive(queue))}, {len(aws.receive(queue))}"


@rule(
    "SQS",
    "ChangeMessageVisibility sets when a message comes again; 0 is at once",
    page="AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html",
    rests="retry delays: `shared/lambda_runtime/delivery_policy.py`",
    aws="0, then 1",
)
def visibility(aws: Site) -> str:
    queue = aws.queue()
    aws.sqs.send_message(QueueUrl=queue, MessageBody="body")
    [message] = aws.receive(queue)
    handle = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}
    aws.sqs.change_message_visibility(**handle, VisibilityTimeout=1)
    at_once = len(aws.receive(queue, hidden_s=0))
    time.sleep(1.2)
    return f"{at_once}, then {len(aws.receive(queue))}"


@rule(
    "SQS",
    "`ApproximateReceiveCount` counts deliveries, and `SentTimestamp` stays",
    page=_RECEIVE,
    rests="the last delivery is known: `shared/lambda_runtime/delivery_policy.py`",
    aws="1, 2; the same",
)
def receive_counts(aws: Site) -> str:
    queue = aws.queue()
    aws.sqs.send_message(QueueUrl=queue, MessageBody="body")
    first, second = (aws.receive(queue, hidden_s=0)[0]["Attributes"] for _ in range(2))
    counts = f"{first['ApproximateReceiveCount']}, {second['ApproximateReceiveCount']}"
    return f"{counts}; {'the same' if first['SentTimestamp'] == second['SentTimestamp'] else 'another'}"


@rule(
    "SQS",
    "After `maxReceiveCount` deliveries a message is in the DLQ, with its id, body and attributes",
    page=_DLQ,
    rests="a function that dies on every delivery loses nothing: `infra/constructs/buffered_function.py`",
    aws="the same",
)
def redrive(aws: Site) -> str:
    first, letters = _dead_lettered(aws)
    kept = ("MessageId", "Body", "MessageAttributes")
    return (
        "the same"
        if [[letter.get(name) for name in kept] for letter in letters] == [[first[name] for name in kept]]
        else f"{len(letters)} messages"
    )


@rule(
    "SQS",
    "A message in a standard DLQ keeps the time at which it was first sent",
    page=_DLQ,
    rests="how long a message is in the DLQ still: `ops/dlq/`",
    aws="the same",
)
def age_in_a_dead_letter_queue(aws: Site) -> str:
    first, [letter] = _dead_lettered(aws)
    same = letter["Attributes"]["SentTimestamp"] == first["Attributes"]["SentTimestamp"]
    return "the same" if same else "another"


@rule(
    "SQS",
    "A message that SQS itself moved to a DLQ names the queue from which it came (`DeadLetterQueueSourceArn`)",
    page=_RECEIVE,
    rests="`NoReasonRecorded`: `ops/dlq/`",
    aws="named",
)
def source_of_a_dead_letter(aws: Site) -> str:
    _, [letter] = _dead_lettered(aws)
    return "named" if letter["Attributes"].get("DeadLetterQueueSourceArn") else "not named"


@rule(
    "SQS",
    "A message may have 1 MiB, with its attributes, and no more",
    page="AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html",
    rests="the reason fits beside the body: `infra/constructs/buffered_function.py`",
    aws="done, then 400 InvalidParameterValue",
)
def sizes_of_messages(aws: Site) -> str:
    queue = aws.queue(MaximumMessageSize="1048576")
    fits = attempt(aws.sqs.send_message, QueueUrl=queue, MessageBody="x" * 1048576)
    too_large = attempt(aws.sqs.send_message, QueueUrl=queue, MessageBody="x" * 1048577)
    return f"{fits}, then {too_large}"


@rule(
    "SQS",
    "DeleteMessageBatch tells of each entry what became of it",
    page="AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html",
    rests="what was not deleted is told of: `ops/aws/sqs.py`",
    aws="good deleted, bad: ReceiptHandleIsInvalid",
)
def deletions_in_a_batch(aws: Site) -> str:
    queue = aws.queue()
    aws.sqs.send_message(QueueUrl=queue, MessageBody="body")
    [message] = aws.receive(queue)
    entries = [{"Id": "good", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "bad", "ReceiptHandle": "nobodys"}]
    answer = aws.sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    deleted = ", ".join(each["Id"] for each in answer.get("Successful", []))
    failed = ", ".join(f"{each['Id']}: {each['Code']}" for each in answer.get("Failed", []))
    return f"{deleted} deleted, {failed or 'none failed'}"


def _table(aws: Site) -> str:
    name = aws.name()
    aws.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("Id", "Day", "Order")],
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "ByDay",
                "KeySchema": [
                    {"AttributeName": "Day", "KeyType": "HASH"},
                    {"AttributeName": "Order", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name


def _item(number: str, day: str = "1", order: str = "1") -> dict[str, Any]:
    return {"Id": {"S": number}, "Day": {"S": day}, "Order": {"S": order}}


@rule(
    "DynamoDB",
    "PutItem with `attribute_not_exists` is refused where the item is, and gives it back where that is asked for",
    page=_PUT,
    rests=_ONCE,
    aws="ConditionalCheckFailedException with the old item",
)
def conditional_puts(aws: Site) -> str:
    table = _table(aws)
    put = {
        "TableName": table,
        "ConditionExpression": "attribute_not_exists(Id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    aws.dynamodb.put_item(**put, Item=_item("1", order="old"))
    try:
        aws.dynamodb.put_item(**put, Item=_item("1", order="new"))
    except aws.dynamodb.exceptions.ConditionalCheckFailedException as error:
        old = error.response.get("Item", {}).get("Order", {}).get("S")
        return f"{error.response['Error']['Code']} {'with' if old == 'old' else 'without'} the old item"
    return "overwritten"


@rule(
    "DynamoDB",
    "An index gives every item once, in order, page by page, also items with the same key",
    page="amazondynamodb/latest/developerguide/Query.Pagination.html",
    rests="`copytrail audit`: `shared/audit_log/pages.py`",
    aws="a, b, c, d",
)
def pages_of_an_index(aws: Site) -> str:
    table = _table(aws)
    for number, order in (("a", "1"), ("b", "2"), ("c", "2"), ("d", "3")):
        aws.dynamodb.put_item(TableName=table, Item=_item(number, order=order))
    query = {
        "TableName": table,
        "IndexName": "ByDay",
        "KeyConditionExpression": "#day = :day AND #order BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#day": "Day", "#order": "Order"},
        "ExpressionAttributeValues": {":day": {"S": "1"}, ":first": {"S": "1"}, ":last": {"S": "3"}},
    }
    pages = aws.dynamodb.get_paginator("query").paginate(**query, PaginationConfig={"PageSize": 1})
    items = [item for page in pages for item in page["Items"]]
    orders = [item["Order"]["S"] for item in items]
    names = ", ".join(sorted(item["Id"]["S"] for item in items))
    return names if orders == sorted(orders) else f"{names} out of order"


@rule(
    "DynamoDB",
    "PartiQL selects from several partitions of an index",
    page="amazondynamodb/latest/developerguide/ql-reference.select.html",
    rests="`copytrail audit`: `shared/audit_log/query.py`",
    aws="1, 2",
)
def partiql(aws: Site) -> str:
    table = _table(aws)
    for number in ("1", "2", "3"):
        aws.dynamodb.put_item(TableName=table, Item=_item(number, day=number))
    statement = f'SELECT "Id" FROM "{table}"."ByDay" WHERE "Day" IN [?, ?]'  # noqa: S608 - a name of our own
    answer = attempt(aws.dynamodb.execute_statement, Statement=statement, Parameters=[{"S": "1"}, {"S": "2"}])
    if answer != DONE:
        return answer
    items = aws.dynamodb.execute_statement(Statement=statement, Parameters=[{"S": "1"}, {"S": "2"}])["Items"]
    return ", ".join(sorted(item["Id"]["S"] for item in items))


@rule(
    "IAM",
    "A call that no policy allows is refused",
    page="IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
    rests="least privilege, which is judged from the policies: `tests/infra/test_permissions.py`",
    aws="refused",
    embedded=DONE,
    second=DONE,
)
def permissions(aws: Site) -> str:
    iam, user = aws.client("iam"), aws.name()
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    queue = aws.queue()
    of_the_user = boto3.client(
        "sqs",
        endpoint_url=aws.sqs.meta.endpoint_url,
        region_name=aws.sqs.meta.region_name,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    answer = attempt(of_the_user.send_message, QueueUrl=queue, MessageBody="body")
    of_the_user.close()
    return DONE if answer == DONE else "refused"
