"""The copier: SQS in, objects copied, completion events out."""
