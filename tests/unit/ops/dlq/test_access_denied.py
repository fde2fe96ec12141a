"""Who may look at dead letters and not act on them is told which of the stack's policies allows that."""

from collections import deque
from pathlib import Path

import pytest

from ops.dlq.files import line_of
from ops.dlq.queue import QueueName
from tests.fakes.bodies import object_created
from tests.fakes.letters import a_letter
from tests.fakes.outcomes import an_upload, body, copied
from tests.fakes.sqs_client import DLQ, refusal
from tests.fakes.stack import QUEUE, FakeStack

BODIES = {QueueName.COPY: object_created(an_upload(key="k")), QueueName.AUDIT: body(copied())}


@pytest.mark.parametrize(("queue", "policy"), [("copy", "ReplayerPolicyArn"), ("audit", "AuditReplayerPolicyArn")])
@pytest.mark.parametrize(
    ("words", "action"),
    [("replay --all --include-superseded", "SendMessage"), ("drop --all", "DeleteMessage"), ("import", "SendMessage")],
)
def test_who_may_not_act_is_told_which_policy_allows_it(
    queue: str, policy: str, words: str, action: str, tmp_path: Path
) -> None:
    name, stack = QueueName(queue), FakeStack()
    file = tmp_path / "letters.jsonl"
    if words == "import":
        file.write_bytes(line_of(a_letter(id="k", body=BODIES[name]), name))
        words = f"import {file}"
    else:
        stack.sqs.put(BODIES[name], {"Reason": "AccessDenied"})
    stack.sqs.refuses[action] = deque([refusal("AccessDenied")] * 30)

    ended = stack.run(*words.split(), "--queue", queue, "--yes")

    assert ended.exit_code == 1
    url = QUEUE if words.startswith("replay") else DLQ
    assert ended.stderr.splitlines()[-1] == (
        f"Error: AccessDenied: sqs:{action} on {url}: no: it takes the policy that the stack's output {policy} names"
    )
