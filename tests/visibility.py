"""Visibility timeouts that tests do not wait for."""

from moto.sqs.models import sqs_backends

from localaws.embedded import EmbeddedAws


def let_visibility_timeouts_pass(queue_arn: str) -> None:
    """Make what is in flight or delayed in a queue receivable at once, as though the time had passed."""
    _, _, _, region, account_id, name = queue_arn.split(":")
    for message in list(sqs_backends[account_id][region].queues[name]._messages):  # noqa: SLF001 - hidden ones too
        message.visible_at = 0.0
        message.delayed_until = 0.0


def let_them_pass_everywhere(aws: EmbeddedAws) -> None:
    """Do so in every queue that feeds a function: what a crash held back comes again."""
    for pump in aws.lambda_service.pumps.values():
        let_visibility_timeouts_pass(pump.mapping.queue_arn)
