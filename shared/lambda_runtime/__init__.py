"""What every function behind an SQS queue needs: batches, retries and dead letters, Powertools, boto3."""
