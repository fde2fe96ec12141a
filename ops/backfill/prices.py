"""Owns what AWS charges: list prices of us-east-1 in US dollars, without free tiers and without volume discounts.

As listed in June 2025 on aws.amazon.com, under s3/pricing, eventbridge/pricing, sqs/pricing, lambda/pricing (arm64),
dynamodb/pricing (on-demand) and cloudwatch/pricing.
"""

LISTED = "us-east-1, June 2025"

_THOUSAND = 1e3
_MILLION = 1e6
GB = 1024**3

# PUT, COPY and POST requests go by the storage class they write; reads by the one they read, and differ little.
S3_WRITE = {
    "STANDARD": 0.005 / _THOUSAND,
    "INTELLIGENT_TIERING": 0.005 / _THOUSAND,
    "STANDARD_IA": 0.01 / _THOUSAND,
    "ONEZONE_IA": 0.01 / _THOUSAND,
    "GLACIER_IR": 0.02 / _THOUSAND,
    "GLACIER": 0.03 / _THOUSAND,
    "DEEP_ARCHIVE": 0.05 / _THOUSAND,
}
S3_READ = 0.0004 / _THOUSAND
# What reading an object of these classes costs besides the request; a byte.
S3_RETRIEVAL = {"STANDARD_IA": 0.01 / GB, "ONEZONE_IA": 0.01 / GB, "GLACIER_IR": 0.03 / GB}
CUSTOM_EVENT = 1.00 / _MILLION
SQS_REQUEST = 0.40 / _MILLION
LAMBDA_REQUEST = 0.20 / _MILLION
LAMBDA_GB_SECOND = 0.0000133334
DYNAMODB_WRITE = 0.625 / _MILLION
LOG_BYTE = 0.50 / GB
