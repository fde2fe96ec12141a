"""Owns what can be set in cdk.json: the context object `copytrail` → frozen settings, every problem found at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra import naming
from infra.event_patterns import LARGEST_NUMBER
from infra.function_settings import FunctionSettings, PartSettings, read_function, read_parts
from infra.reading import Section, did_you_mean
from infra.topology import Bucket, find_problems
from shared.copy_plan import MEBIBYTE, largest_copy, seconds_for
from shared.errors import ConfigurationError
from shared.routes import Route

CONTEXT_KEY = "copytrail"

_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# Of a general purpose bucket ("CopyObject", S3 API reference).
_STORAGE_CLASSES = (
    *("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"),
    "REDUCED_REDUNDANCY",
)
# What CloudWatch Logs takes ("PutRetentionPolicy", CloudWatch Logs API reference).
_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


@dataclass(frozen=True)
class Settings:
    """All that can be set. The routes run between the aliases of the buckets."""

    stack_name: str
    buckets: Mapping[str, Bucket]
    routes: tuple[Route, ...]
    copier: FunctionSettings
    auditor: FunctionSettings
    parts: PartSettings
    table_name: str | None
    transfer_bus_name: str
    log_level: str
    log_retention_days: int
    alarm_topic_arn: str | None
    oldest_message_alarm_s: int


# 1,769 MB is one full vCPU ("Configure Lambda function memory"). 5 receives, each 6 time-outs long, are an hour.
_COPIER = FunctionSettings(
    memory_mb=1769, timeout_s=120, batch_size=10, batching_window_s=0, max_concurrency=50, max_receive_count=5
)
_AUDITOR = FunctionSettings(
    memory_mb=512, timeout_s=60, batch_size=10, batching_window_s=0, max_concurrency=10, max_receive_count=5
)
_BUCKETS = {"source": Bucket(), "destination": Bucket()}
_ROUTES = (Route(source_bucket="source", destination_bucket="destination"),)


def read_settings(value: object) -> Settings:
    """The settings in the context object; `{}` gives a private source, a private destination and one route.

    Raises:
        ConfigurationError: naming every problem, each with its place.
    """
    problems: list[str] = []
    with Section(value, CONTEXT_KEY, problems) as root:
        stack_name = root.text("stackName", naming.STACK_NAME) or "copytrail"
        buckets = _buckets(root)
        with (
            root.section("copier") as copier,
            root.section("auditor") as auditor,
            root.section("auditTable") as table,
            root.section("transferBus") as bus,
            root.section("alarms") as alarms,
        ):
            settings = Settings(
                stack_name=stack_name,
                buckets=buckets,
                routes=_routes(root, buckets),
                copier=read_function(copier, _COPIER),
                auditor=read_function(auditor, _AUDITOR),
                parts=read_parts(copier),
                table_name=table.text("name", naming.TABLE_NAME),
                transfer_bus_name=bus.text("name", naming.bus_name) or f"{stack_name}-transfers",
                log_level=str(root.choice("logLevel", _LOG_LEVELS) or "INFO"),
                log_retention_days=int(root.choice("logRetentionDays", _RETENTION_DAYS) or 90),
                alarm_topic_arn=alarms.text("topicArn", naming.TOPIC_ARN),
                # CloudWatch alarms look at whole minutes here, and at most at a day.
                oldest_message_alarm_s=alarms.integer("oldestMessageSeconds", minimum=60, maximum=86_400) or 900,
            )
    problems += find_problems(settings.buckets, settings.routes)
    problems += _same_names(settings)
    problems += _too_little_time(settings)
    if problems:
        raise ConfigurationError("cdk.json", problems)
    return settings


def _buckets(root: Section) -> Mapping[str, Bucket]:
    named = root.named_sections("buckets", naming.ALIAS)
    return _BUCKETS if named is None else {alias: _bucket(section) for alias, section in named}


def _bucket(section: Section) -> Bucket:
    with section:
        bucket = Bucket(
            name=section.text("name", naming.bucket_name),
            existing=section.flag("existing"),
            account=section.text("account", naming.ACCOUNT_ID),
            public_read=section.flag("publicRead"),
            versioned=section.flag("versioned"),
            kms_key_arn=section.text("kmsKeyArn", naming.KMS_KEY_ARN),
        )
        if bucket.existing and bucket.name is None:
            section.note("existing", "is true: the bucket that is already there needs its name")
        if bucket.existing and (bucket.public_read or bucket.versioned):
            section.note("existing", "is true: copytrail does not change that bucket; leave publicRead, versioned out")
        if bucket.public_read and bucket.kms_key_arn:
            section.note(
                "kmsKeyArn", "does not go with publicRead: nobody reads such objects without a role of their own"
            )
        if bucket.account and not bucket.existing:
            section.note("account", "is for existing buckets: a new one belongs to the account that is deployed to")
    return bucket


def _routes(root: Section, buckets: Mapping[str, Bucket]) -> tuple[Route, ...]:
    sections = root.sections("routes")
    if sections is None:
        if not {"source", "destination"} <= buckets.keys():
            root.note(
                "routes", "is missing: say from which bucket to which, as the buckets are not source, destination"
            )
        return _ROUTES
    routes = tuple(_route(section, buckets) for section in sections)
    if not routes:
        root.note("routes", "is empty: nothing would ever be copied")
    return routes


def _route(section: Section, buckets: Mapping[str, Bucket]) -> Route:
    with section:
        storage_class = section.choice("storageClass", _STORAGE_CLASSES)
        return Route(
            source_bucket=_alias(section, "from", buckets),
            destination_bucket=_alias(section, "to", buckets),
            prefixes=section.texts("prefixes", naming.part_of_a_key),
            suffixes=section.texts("suffixes", naming.part_of_a_key),
            min_size=section.integer("minSize", minimum=0, maximum=LARGEST_NUMBER),
            max_size=section.integer("maxSize", minimum=0, maximum=LARGEST_NUMBER),
            destination_prefix=section.text("destinationPrefix", naming.destination_prefix) or "",
            deletes=section.flag("deletes"),
            versions="every" if section.choice("versions", ("newest", "every")) == "every" else "newest",
            storage_class=None if storage_class is None else str(storage_class),
            website_redirects=section.flag("websiteRedirects"),
        )


def _alias(section: Section, key: str, buckets: Mapping[str, Bucket]) -> str:
    alias = section.text(key)
    if alias is None:
        section.note(key, f"is missing: name one of {', '.join(sorted(buckets))}")
    elif alias not in buckets:
        section.note(key, f"is '{alias}', not a bucket" + did_you_mean(alias, buckets, otherwise="the buckets are"))
    return alias if alias is not None and alias in buckets else ""


def _too_little_time(settings: Settings) -> list[str]:
    timeout_s, longest_mib = settings.copier.timeout_s, largest_copy(settings.copier.timeout_s) // MEBIBYTE
    sizes = {"multipartThresholdMiB": settings.parts.threshold, "partSizeMiB": settings.parts.part}
    return [
        f"{CONTEXT_KEY}.copier.{key} is {size // MEBIBYTE:,}: in a timeoutSeconds of {timeout_s} a slow copy of so much"
        f" does not end; make it {longest_mib:,} at most, or timeoutSeconds {seconds_for(size)} at least"
        for key, size in sizes.items()
        if seconds_for(size) > timeout_s
    ]


def _same_names(settings: Settings) -> list[str]:
    pairs = {
        "functionName": (settings.copier.name, settings.auditor.name),
        "roleName": (settings.copier.role_name, settings.auditor.role_name),
    }
    return [
        f"{CONTEXT_KEY}.auditor.{key} is '{mine}', as the copier's is: each has its own"
        for key, (theirs, mine) in pairs.items()
        if mine is not None and mine == theirs
    ]
