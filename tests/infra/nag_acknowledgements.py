"""cdk-nag's findings that are left as they are: each with the resources that it is about, why, and what shows it.

A finding that is right is mended in the template, not acknowledged. The configuration of `tests.infra.hardened` has on
what the shipped one leaves off, so a finding that a setting cures is acknowledged for the shipped one only.
"""

from dataclasses import dataclass

SHIPPED, HARDENED = "shipped", "hardened"
BOTH = (SHIPPED, HARDENED)

_AWS = "https://docs.aws.amazon.com"


@dataclass(frozen=True)
class Acknowledgement:
    """A rule's findings on resources (paths in the stack; `*` stands for any text), in the configurations named.

    The evidence is a test of ours, as `file::name`, or a page of AWS's documentation.
    """

    rules: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str
    evidence: str
    configurations: tuple[str, ...] = BOTH


_FUNCTIONS = ("Copier/Function/Resource", "Auditor/Function/Resource")
_BUCKETS = ("Buckets/source/Resource", "Buckets/destination/Resource")

ACKNOWLEDGEMENTS = (
    # What the shipped configuration opens on purpose.
    Acknowledgement(
        (
            "AwsSolutions-S2",
            "NIST.800.53.R5-S3BucketLevelPublicAccessProhibited",
            "NIST.800.53.R5-S3BucketPublicReadProhibited",
        ),
        ("Buckets/source/Resource",),
        "The shipped cdk.json asks for a source that everybody may read (publicRead); without that, all is private.",
        "tests/infra/test_storage.py::test_nothing_is_public_unless_asked_for",
        (SHIPPED,),
    ),
    Acknowledgement(
        ("NIST.800.53.R5-S3BucketPublicWriteProhibited",),
        ("Buckets/source/Resource",),
        "The rule looks at blockPublicPolicy. The policy lets everybody read objects, and nothing else; ACLs are off.",
        "tests/infra/test_permissions.py::test_the_only_thing_that_anyone_may_do_is_read_the_public_bucket",
        (SHIPPED,),
    ),
    # What costs, or takes of what the account shares: off until it is asked for.
    Acknowledgement(
        ("AwsSolutions-S1", "NIST.800.53.R5-S3BucketLoggingEnabled"),
        _BUCKETS,
        "Access logs are stored and paid for: a setting (accessLogs).",
        "tests/infra/test_hardening.py::test_s3_alone_may_write_access_logs_and_for_these_buckets_only",
        (SHIPPED,),
    ),
    Acknowledgement(
        ("NIST.800.53.R5-S3BucketVersioningEnabled",),
        _BUCKETS,
        "Each overwritten object would be stored and paid for once more: a setting (versioned, noncurrentDays).",
        "tests/infra/test_hardening.py::test_a_version_that_was_replaced_expires_with_the_delete_marker_over_it",
        (SHIPPED,),
    ),
    Acknowledgement(
        ("NIST.800.53.R5-S3DefaultEncryptionKMS",),
        _BUCKETS,
        "Encrypted with SSE-S3, which costs nothing and which anonymous readers need; KMS is a setting (kmsKeyArn).",
        "tests/infra/test_storage.py::test_a_bucket_with_a_key_of_its_own_encrypts_with_it_and_the_copier_may_use_it",
        (SHIPPED,),
    ),
    Acknowledgement(
        ("NIST.800.53.R5-CloudWatchLogGroupEncrypted",),
        ("Copier/LogGroup/Resource", "Auditor/LogGroup/Resource"),
        "Encrypted with a key of AWS's own; a key of the customer's is a setting (customerKey), as it costs.",
        "tests/infra/test_hardening.py::test_one_key_encrypts_queues_tables_and_logs",
        (SHIPPED,),
    ),
    Acknowledgement(
        ("NIST.800.53.R5-LambdaConcurrency",),
        _FUNCTIONS,
        "Only its mapping invokes the function, and maxConcurrency bounds that. To reserve takes concurrency away from"
        " the account's other functions: a setting (reservedConcurrency).",
        "tests/infra/test_functions.py::test_a_mapping_takes_batches_and_answers_for_each_message",
        (SHIPPED,),
    ),
    Acknowledgement(
        ("NIST.800.53.R5-CloudWatchAlarmAction",),
        ("Alarms/*",),
        "Whom alarms tell is the customer's to say: a setting (alarms.email, alarms.topicArn). Synth warns without.",
        "tests/infra/test_monitoring.py::test_alarms_tell_whom_the_settings_name_and_synth_warns_when_that_is_nobody",
        (SHIPPED,),
    ),
    # What is solved in another way than the rule knows.
    Acknowledgement(
        ("Serverless-LambdaDLQ", "NIST.800.53.R5-LambdaDLQ"),
        _FUNCTIONS,
        "A function's own dead-letter queue is for asynchronous invocations. These are synchronous, by a mapping whose"
        " queue has a dead-letter queue.",
        "tests/infra/test_queues_and_rules.py::test_a_queue_waits_six_timeouts_and_gives_up_after_five_tries",
    ),
    Acknowledgement(
        ("Serverless-LambdaEventSourceMappingDestination",),
        ("Copier/Mapping/Resource", "Auditor/Mapping/Resource"),
        "A mapping has an on-failure destination for streams and Kafka; for SQS it is the queue's dead-letter queue.",
        f"{_AWS}/lambda/latest/dg/services-sqs-errorhandling.html",
    ),
    Acknowledgement(
        ("Serverless-SQSRedrivePolicy",),
        ("Copier/DeadLetterQueue/Resource", "Auditor/DeadLetterQueue/Resource"),
        "It is a dead-letter queue: messages stay in it until a person replays or drops them.",
        "tests/infra/test_queues_and_rules.py::test_there_are_two_queues_and_two_dead_letter_queues",
    ),
    Acknowledgement(
        ("NIST.800.53.R5-S3BucketReplicationEnabled",),
        _BUCKETS,
        "To copy the source's objects is what copytrail is for, and the destination holds the copies.",
        "tests/pipeline/test_cdk_cli.py::test_bootstrap_and_deploy_put_up_a_system_that_copies_and_records",
    ),
    Acknowledgement(
        ("NIST.800.53.R5-IAMNoInlinePolicy",),
        ("Copier/Role/DefaultPolicy/Resource", "Auditor/Role/DefaultPolicy/Resource"),
        "The policy is of this one role and goes with it, which is what inline policies are for.",
        f"{_AWS}/IAM/latest/UserGuide/access_policies_managed-vs-inline.html",
    ),
    Acknowledgement(
        ("NIST.800.53.R5-LambdaInsideVPC",),
        _FUNCTIONS,
        "Nothing that the functions call is in a VPC, and nobody but the mapping may invoke them. In one, they would"
        " need an endpoint for each of five services.",
        "tests/infra/test_permissions.py::test_each_function_has_a_role_of_its_own_that_only_lambda_may_take",
    ),
    Acknowledgement(
        ("AwsSolutions-L1", "Serverless-LambdaLatestVersion"),
        _FUNCTIONS,
        "Python 3.13 is a runtime that AWS supports; the next is taken when all wheels in the assets are tried on it.",
        f"{_AWS}/lambda/latest/dg/lambda-runtimes.html",
    ),
    Acknowledgement(
        ("Serverless-LambdaTracing",),
        _FUNCTIONS,
        "Traces cost, and tell less than the record that each transfer has anyway: a setting (tracing).",
        f"{_AWS}/lambda/latest/dg/services-xray.html",
        (SHIPPED,),
    ),
    Acknowledgement(
        ("NIST.800.53.R5-DynamoDBInBackupPlan",),
        ("AuditTable/Resource",),
        "The table has point-in-time recovery and refuses to be deleted.",
        "tests/infra/test_storage.py::test_the_audit_table_is_keyed_by_log_id_with_both_indexes_and_protected",
    ),
    # Wildcards, each where AWS has no other name.
    Acknowledgement(
        (
            "AwsSolutions-IAM5[Resource::<Bucketssource.Arn>/*]",
            "AwsSolutions-IAM5[Resource::<Bucketsdestination.Arn>/*]",
        ),
        ("Copier/Role/DefaultPolicy/Resource", "BucketReaderPolicy/Resource"),
        "Any key of these buckets: which there will be, nobody knows. A route's prefixes narrow it.",
        "tests/infra/test_permissions.py::test_prefixes_narrow_what_the_copier_may_read_and_write",
    ),
    Acknowledgement(
        (
            "AwsSolutions-IAM5[Resource::<AuditTable.Arn>/export/*]",
            "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:cloudformation:<AWS::Region>:<AWS::AccountId>:stack/STACK/*]",
        ),
        ("ReaderPolicy/Resource",),
        "The ARNs of an export and of a stack end in ids that AWS chooses when they are made.",
        "tests/infra/test_permissions.py::test_nothing_is_allowed_by_a_wildcard_but_keys_and_what_has_no_other_name",
    ),
    Acknowledgement(
        (
            "AwsSolutions-IAM5[Resource::<Bucketssource.Arn>/*copytrail-canary/*]",
            "AwsSolutions-IAM5[Resource::<Bucketsdestination.Arn>/*copytrail-canary/*]",
        ),
        ("ReplayerPolicy/Resource",),
        "Each canary has a key of its own, in a folder that nothing else has; all routes' prefixes would be too long.",
        "tests/infra/test_operator_policies.py::test_a_replayer_may_do_this_beyond_looking",
    ),
    Acknowledgement(
        (
            "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/STACK-*]",
            "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/<TransferBus>/STACK-*]",
        ),
        ("ConfigurationReaderPolicy/Resource",),
        "The stack's own rules, which are read: a route may have several, and routes come and go.",
        "tests/infra/test_operator_policies.py::test_how_things_are_set_up_takes_a_policy_of_its_own",
    ),
    Acknowledgement(
        ("AwsSolutions-IAM5[Resource::*]",),
        ("ReaderPolicy/Resource",),
        "cloudwatch:GetMetricData, which reads, takes no resource.",
        f"{_AWS}/service-authorization/latest/reference/list_amazoncloudwatch.html",
    ),
    Acknowledgement(
        ("AwsSolutions-IAM5[Resource::*]",),
        ("Copier/Role/DefaultPolicy/Resource", "Auditor/Role/DefaultPolicy/Resource"),
        "X-Ray has no ARN for the traces that a function sends.",
        f"{_AWS}/service-authorization/latest/reference/list_awsx-ray.html",
        (HARDENED,),
    ),
    Acknowledgement(
        ("Serverless-SNSRedrivePolicy",),
        ("Alarms/Email",),
        "SNS tries an e-mail again for hours, and the alarm itself stays in CloudWatch; a queue of lost e-mails would"
        " be one more that nobody looks into.",
        f"{_AWS}/sns/latest/dg/sns-message-delivery-retries.html",
        (HARDENED,),
    ),
    # The bucket of access logs.
    Acknowledgement(
        ("NIST.800.53.R5-S3DefaultEncryptionKMS",),
        ("AccessLogs/Resource",),
        "S3 delivers no access logs to a bucket that encrypts with KMS.",
        f"{_AWS}/AmazonS3/latest/userguide/enable-server-access-logging.html",
        (HARDENED,),
    ),
    Acknowledgement(
        ("NIST.800.53.R5-S3BucketReplicationEnabled", "NIST.800.53.R5-S3BucketVersioningEnabled"),
        ("AccessLogs/Resource",),
        "S3 writes each log once, under a name of its own, and only S3 may write there: there are no versions to keep.",
        f"{_AWS}/AmazonS3/latest/userguide/ServerLogs.html",
        (HARDENED,),
    ),
)
