"""The auditor's Lambda entry point: an SQS batch in, the messages to deliver again out."""

from typing import Any

from services.auditor import wiring
from shared.lambda_runtime.batch import PartialBatchResponse
from shared.lambda_runtime.powertools import LambdaContext, logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialBatchResponse:
    """Append the record of each event; unfinished messages come again."""
    return wiring.build().respond(event, context)
