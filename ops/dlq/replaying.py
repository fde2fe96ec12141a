"""Owns how letters are replayed: sent first, and deleted when they have been accepted."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ops.dlq.account import Account
from ops.dlq.aftermath import Replayed
from ops.dlq.dead_letter_queue import Sweep
from ops.dlq.letter import Letter
from ops.dlq.results import Result
from ops.dlq.sending import send
from shared.lambda_runtime.message import REPLAY_OPERATION, REPLAYED_BY

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Replaying:
    """Sends letters to their queue, and deletes what it has accepted. May be shared by threads.

    `replayed`: the letters that it has accepted.
    """

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self.replayed = Replayed()
        self._sqs = sqs
        self._queue_url = queue_url

    def move(self, account: Account, sweep: Sweep, letters: Sequence[Letter]) -> None:
        """Send, then delete. A letter that is not ours goes as it is, without our marks.

        Raises:
            CopytrailError: SQS did not answer, or refused all of them.
        """
        marks = {REPLAYED_BY: account.operation.performed_by, REPLAY_OPERATION: account.operation.id}
        self._move(account, sweep, [letter for letter in letters if letter.is_ours], marks)
        self._move(account, sweep, [letter for letter in letters if not letter.is_ours], {})

    def _move(self, account: Account, sweep: Sweep, letters: Sequence[Letter], marks: Mapping[str, str]) -> None:
        accepted, refused = send(self._sqs, self._queue_url, letters, marks, took=self.replayed.take)
        account.refuse(refused)
        try:
            still_there = sweep.delete(accepted)
        finally:
            account.enter(accepted, Result.REPLAYED)
        # Replayed once more, it would find its work done: that is a copy in vain, and no harm.
        account.remark("replayed, and still in the dead-letter queue", still_there)
