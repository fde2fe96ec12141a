"""The copier's AWS calls: the ports on S3 and DynamoDB."""
