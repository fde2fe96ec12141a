"""The copier's Lambda entry point: an SQS batch in, the messages to deliver again out."""

from typing import Any

from services.copier import wiring
from shared.lambda_runtime.batch import PartialBatchResponse
from shared.lambda_runtime.powertools import LambdaContext, logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialBatchResponse:
    """Copy what each message asks for and publish how it ended; unfinished messages come again."""
    return wiring.build().respond(event, context)
