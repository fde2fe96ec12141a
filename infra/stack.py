"""The stack: composes the constructs, grants what they need, and says in its outputs where they are."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from aws_cdk import Annotations, CfnOutput, DefaultStackSynthesizer, Stack, Tags
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.bundling import LAMBDA, bundle, content_hash
from infra.constructs.alarms import Alarms, standard_alarms
from infra.constructs.backups import Backups
from infra.constructs.buckets import create_access_log_bucket, create_bucket
from infra.constructs.buffered_function import BufferedFunction
from infra.constructs.dashboard import create_dashboard
from infra.constructs.encryption import create_customer_key
from infra.constructs.event_rules import EventRules
from infra.constructs.forwarded_events import ForwardedEvents
from infra.constructs.metrics import of_service, of_writes
from infra.constructs.saved_queries import create_saved_queries
from infra.constructs.tables import create_audit_table, create_placement_table
from infra.key_permissions import (
    bucket_key_permissions,
    queue_key_permissions,
    queue_key_reading,
    table_key_permissions,
    table_key_reading,
)
from infra.permissions import (
    OPERATIONS,
    audit_table_denials,
    auditor_permissions,
    bucket_reader_permissions,
    canary_permissions,
    configuration_reader_permissions,
    copier_permissions,
    placement_permissions,
    reader_permissions,
    replayer_permissions,
)
from infra.settings.functions import FunctionSettings
from infra.settings.stack import Settings
from shared.event_patterns import forwarded_pattern
from shared.event_rules import EventRule, audit_rules, copy_rules
from shared.events import COPY_REQUESTED
from shared.metrics import Metric
from shared.routes import Route


class CopytrailStack(Stack):
    """Source buckets → copy queue → copier → transfer bus → audit queue → auditor → audit table."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(
            scope,
            settings.stack_name,
            description="copytrail: copies every upload once, never backwards, and keeps a permanent record of it",
            # The command line checks the bootstrap version itself; the template needs no parameter for it.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            termination_protection=settings.termination_protection,
        )
        self._settings = settings
        for name, value in settings.tags.items():
            Tags.of(self).add(name, value)
        self._key = create_customer_key(self, "CustomerKey") if settings.customer_key else None
        self._buckets = self._create_buckets()
        self._routes = [self._with_names(route) for route in settings.routes]
        self._routes_json = _json(self._routes)
        self._transfer_bus = events.EventBus(
            self,
            "TransferBus",
            event_bus_name=settings.transfer_bus_name,
            description="copytrail: what became of each upload, and what is asked for",
        )
        self._copier = self._create_copier()
        self._table = create_audit_table(self, "AuditTable", name=settings.audit_table.name, key=self._key)
        # It is protected, so it outlives even a first deployment that fails: it comes after what may well fail.
        self._table.node.add_dependency(self._copier.role, self._copier.log_group, *self._buckets.values())
        if (keep_days := settings.audit_table.backup_days) is not None:
            Backups(self, "Backups", table=self._table, keep_days=keep_days)
        self._auditor = self._create_auditor()
        self._create_monitoring(self._create_event_rules())
        self._create_outputs(self._create_operator_policies())

    def _create_buckets(self) -> Mapping[str, s3.IBucket]:
        sources = {route.source_bucket for route in self._settings.routes}
        scope = Construct(self, "Buckets")
        for alias in sorted(sources):
            bucket = self._settings.buckets[alias]
            if bucket.existing:
                forwarded = (
                    f"; in another account, `copytrail forwarding-rule {alias}` as well" if bucket.account else ""
                )
                Annotations.of(self).add_info(
                    f"Nothing is copied from {bucket.name} until it sends its events: that bucket is not copytrail's to"
                    f" change; once this is deployed, `copytrail enable-events {alias}` shows the change, and makes it"
                    f" when you agree{forwarded}"
                )
        access_logs = create_access_log_bucket(self, "AccessLogs", self._settings.access_logs)
        return {
            alias: create_bucket(scope, alias, bucket, sends_events=alias in sources, access_logs=access_logs)
            for alias, bucket in self._settings.buckets.items()
        }

    def _with_names(self, route: Route) -> Route:
        return msgspec.structs.replace(
            route,
            source_bucket=self._buckets[route.source_bucket].bucket_name,
            destination_bucket=self._buckets[route.destination_bucket].bucket_name,
        )

    def _create_copier(self) -> BufferedFunction:
        sizes = self._settings.copier.part_sizes
        environment = {
            "ROUTES": self._routes_json,
            "BUCKET_OWNERS": _json(self._bucket_owners()),
            "TRANSFER_BUS_NAME": self._transfer_bus.event_bus_name,
            "MULTIPART_THRESHOLD_BYTES": str(sizes.threshold),
            "PART_SIZE_BYTES": str(sizes.part),
            "LARGEST_PART_BYTES": str(sizes.largest),
        }
        copier = self._create_function("Copier", "copier", self._settings.copier, environment, continues=True)
        copier.function.add_environment("COPY_QUEUE_URL", copier.queue.queue_url)
        copier.function.add_environment("COPY_DLQ_URL", copier.dead_letter_queue.queue_url)
        copier.allow(copier_permissions(self._settings.routes, self._buckets, self._transfer_bus))
        copier.allow(bucket_key_permissions(self._settings.routes, self._settings.buckets))
        if any(route.versions == "every" for route in self._settings.routes):
            placements = create_placement_table(self, "PlacementTable", key=self._key)
            copier.function.add_environment("PLACEMENT_TABLE_NAME", placements.table_name)
            copier.allow(placement_permissions(placements))
            copier.allow(table_key_permissions(self._key))
        return copier

    def _create_auditor(self) -> BufferedFunction:
        environment = {"AUDIT_TABLE_NAME": self._table.table_name}
        auditor = self._create_function("Auditor", "auditor", self._settings.auditor, environment)
        auditor.function.add_environment("AUDIT_QUEUE_URL", auditor.queue.queue_url)
        auditor.function.add_environment("AUDIT_DLQ_URL", auditor.dead_letter_queue.queue_url)
        auditor.allow(auditor_permissions(self._table))
        auditor.allow(table_key_permissions(self._key))
        for denied in audit_table_denials(
            auditor.role, break_glass_role_arn=self._settings.audit_table.break_glass_role_arn
        ):
            self._table.add_to_resource_policy(denied)
        return auditor

    def _create_function(
        self,
        id_: str,
        service: str,
        settings: FunctionSettings,
        environment: Mapping[str, str],
        *,
        continues: bool = False,
    ) -> BufferedFunction:
        asset = bundle(service, target=LAMBDA)
        return BufferedFunction(
            self,
            id_,
            service=service,
            code=lambda_.Code.from_asset(str(asset), asset_hash=content_hash(asset)),
            settings=settings,
            log_retention_days=self._settings.log_retention_days,
            key=self._key,
            environment={"POWERTOOLS_LOG_LEVEL": self._settings.log_level, **environment},
            continues=continues,
            tracing=self._settings.tracing,
        )

    def _bucket_owners(self) -> Mapping[str, str]:
        owners = {
            self._buckets[alias].bucket_name: bucket.account if bucket.existing else self.account
            for alias, bucket in self._settings.buckets.items()
        }
        return {name: account for name, account in owners.items() if account is not None}

    @property
    def _key_arns(self) -> list[str]:
        of_buckets = (bucket.kms_key_arn for bucket in self._settings.buckets.values() if bucket.kms_key_arn)
        return [*dict.fromkeys(of_buckets), *([self._key.key_arn] if self._key else [])]

    def _create_event_rules(self) -> list[EventRule]:
        name, bus = self._settings.transfer_bus_name, self._transfer_bus
        copying = copy_rules(self._settings.routes, self._routes, transfer_bus=name)
        copy_feed = EventRules(self, "CopyFeed", taken_by=self._copier, rules=copying, transfer_bus=bus)
        # What is let in without a rule that waits for it is gone.
        self._accept_forwarded_events().node.add_dependency(copy_feed)
        recording = audit_rules(transfer_bus=name)
        audit_feed = EventRules(self, "AuditFeed", taken_by=self._auditor, rules=recording, transfer_bus=bus)
        # PutEvents succeeds when no rule matches: whoever is to record an outcome is there before it is published.
        self._copier.function.node.add_dependency(audit_feed)
        return [*copying, *recording]

    def _create_monitoring(self, rules: Sequence[EventRule]) -> None:
        settings = self._settings
        alarms = Alarms(
            self,
            "Alarms",
            standard=standard_alarms(self._copier, self._auditor, rules, self.stack_name, settings.alarms),
            writes={
                alias: of_writes(self._buckets[alias], bucket.request_metrics)
                for alias, bucket in settings.buckets.items()
                if bucket.request_metrics is not None
            },
            outcomes=of_service(self._copier, Metric.OBJECTS),
            settings=settings.alarms,
            key=self._key,
        )
        create_saved_queries(self, "Queries", [self._copier.log_group, self._auditor.log_group])
        if settings.dashboard:
            create_dashboard(
                self,
                "Dashboard",
                copier=self._copier,
                auditor=self._auditor,
                table=self._table,
                alarm_arns=alarms.arns,
            )

    def _accept_forwarded_events(self) -> ForwardedEvents:
        types_by_account: dict[str, set[str]] = {}
        for route in self._settings.routes:
            if account := self._settings.buckets[route.source_bucket].account:
                types = forwarded_pattern([route], route.source_bucket)["detail-type"]
                types_by_account.setdefault(account, set()).update(types)
        return ForwardedEvents(self, "ForwardedEvents", types_by_account)

    def _create_operator_policies(self) -> Mapping[str, str]:
        functions = [self._copier, self._auditor]
        policies = (
            (
                "ReaderPolicy",
                "to look at all there is but the buckets, and change nothing",
                [
                    *reader_permissions(
                        self,
                        queues=[function.queue for function in functions],
                        dead_letter_queues=[function.dead_letter_queue for function in functions],
                        table=self._table,
                        log_groups=[function.log_group for function in functions],
                    ),
                    *queue_key_reading(self._key),
                    *table_key_reading(self._key),
                ],
            ),
            (
                "ConfigurationReaderPolicy",
                "to see whether uploads can arrive, for who has the reader's policy, too",
                configuration_reader_permissions(
                    self,
                    routes=self._settings.routes,
                    buckets=self._buckets,
                    keys=self._key_arns,
                    transfer_bus=self._transfer_bus,
                    functions=[function.function for function in functions],
                    mappings=[function.mapping for function in functions],
                ),
            ),
            (
                "BucketReaderPolicy",
                "to look at the buckets, for who has the reader's policy, too",
                bucket_reader_permissions(self._settings.routes, self._buckets, self._settings.buckets),
            ),
            (
                "ReplayerPolicy",
                "to replay, drop, import, backfill and repair copies, for who has the readers' policies, too",
                [
                    *self._replaying(self._copier, COPY_REQUESTED, *OPERATIONS),
                    *canary_permissions(self._settings.routes, self._buckets, self._settings.buckets),
                ],
            ),
            (
                "AuditReplayerPolicy",
                "to replay, drop and import records that were not kept, for who has the reader's policy, too",
                self._replaying(self._auditor, *OPERATIONS),
            ),
        )
        return {
            f"{id_}Arn": iam.ManagedPolicy(
                self, id_, description=f"copytrail: {description}", statements=list(statements)
            ).managed_policy_arn
            for id_, description, statements in policies
        }

    def _replaying(self, function: BufferedFunction, *publishes: str) -> Iterator[iam.PolicyStatement]:
        yield from replayer_permissions(
            function.queue, function.dead_letter_queue, self._transfer_bus, publishes=publishes
        )
        yield from queue_key_permissions(self._key)

    def _create_outputs(self, policy_arns: Mapping[str, str]) -> None:
        sizes = self._settings.copier.part_sizes
        outputs = {
            "Routes": self._routes_json,
            "BucketNames": _json({alias: bucket.bucket_name for alias, bucket in self._buckets.items()}),
            "ExistingBuckets": _json(
                {alias: bucket.account for alias, bucket in self._settings.buckets.items() if bucket.existing}
            ),
            "TransferBusName": self._transfer_bus.event_bus_name,
            "CopyQueueUrl": self._copier.queue.queue_url,
            "CopyDlqUrl": self._copier.dead_letter_queue.queue_url,
            "AuditQueueUrl": self._auditor.queue.queue_url,
            "AuditDlqUrl": self._auditor.dead_letter_queue.queue_url,
            "AuditTableName": self._table.table_name,
            "CopierRoleArn": self._copier.role.role_arn,
            "CopierFunctionName": self._copier.function.function_name,
            "AuditorFunctionName": self._auditor.function.function_name,
            "CopierMappingId": self._copier.mapping.event_source_mapping_id,
            "AuditorMappingId": self._auditor.mapping.event_source_mapping_id,
            "CopierLogGroupName": self._copier.log_group.log_group_name,
            "AuditorLogGroupName": self._auditor.log_group.log_group_name,
            **policy_arns,
            "KmsKeyArns": _json(self._key_arns),
            **({"CustomerKeyArn": self._key.key_arn} if self._key else {}),
            "Parts": _json({"threshold": sizes.threshold, "part": sizes.part}),
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _json(value: object) -> str:
    # Bucket names and account ids may be placeholders here, which CloudFormation fills in: none needs escaping.
    return msgspec.json.encode(value).decode()
