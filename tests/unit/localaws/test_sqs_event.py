"""Which messages of a batch are done, by what the function answered."""

import json
from typing import Any

import pytest

from localaws.lambda_service import sqs_event

BATCH = [{"MessageId": name, "ReceiptHandle": f"r-{name}", "Body": "", "MD5OfBody": ""} for name in ("one", "two")]


def left(answer: bytes, *, reports_item_failures: bool = True) -> set[str]:
    done = sqs_event.done(BATCH, answer, reports_item_failures=reports_item_failures)
    return {"one", "two"} - {message["MessageId"] for message in done}


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, "", []])
def test_an_empty_answer_means_that_all_is_done(answer: Any) -> None:
    assert left(json.dumps(answer).encode()) == set()


def test_a_named_message_stays() -> None:
    assert left(b'{"batchItemFailures": [{"itemIdentifier": "two"}]}') == {"two"}


@pytest.mark.parametrize(
    "answer",
    [
        b"not json",
        b'"text"',
        b"[1]",
        b'{"batchItemFailures": "text"}',
        b'{"batchItemFailures": [{"itemIdentifier": "unknown"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": "one"}, {"itemIdentifier": "unknown"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
        b'{"batchItemFailures": [{"itemIdentifier": null}]}',
        b'{"batchItemFailures": [{"wrong": "one"}]}',
    ],
)
def test_an_answer_that_is_not_as_documented_fails_the_whole_batch(answer: bytes) -> None:
    assert left(answer) == {"one", "two"}


def test_an_answer_means_nothing_when_the_mapping_reports_no_failures() -> None:
    answer = b'{"batchItemFailures": [{"itemIdentifier": "two"}]}'
    assert left(answer, reports_item_failures=False) == set()
