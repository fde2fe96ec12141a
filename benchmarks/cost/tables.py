"""The tables of docs/cost.md, as Markdown, by their names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.cost import others
from benchmarks.cost.bill import GIB, MIB, MILLION, Setup, lines, seconds_of_a_batch, total
from benchmarks.cost.counted import Counts, Pipeline, pipeline
from infra.settings.functions import CopierSettings
from ops.backfill.prices import PRICES
from shared.humanize import size_shown

_KIB = 1024
_IN_ONE = (10 * _KIB, MIB, 100 * MIB)
_OF_PART_SIZES = (GIB, 5 * GIB)
_IN_PARTS = (*_OF_PART_SIZES, 20 * GIB)
_SIZES = (*_IN_ONE, *_IN_PARTS)
_PART_SIZES_MIB = (64, 128, 256, 512)
_MEMORIES_MB = (256, 512, 1024, 1769)
_SHIPPED = CopierSettings()
_SPARSE, _BUSY = Setup(_SHIPPED.memory_mb, 1), Setup(_SHIPPED.memory_mb, 10)
_POLLERS = 5
_SECONDS_OF_A_MONTH = 30 * 24 * 3600
_LONG_POLL_S = 20


def tables() -> Mapping[str, str]:
    """Every table; what is counted for them takes some seconds."""
    by_kind, by_size = _counts()
    in_parts = {part: _counts_in_parts(part) if part != _SHIPPED.part_size_mib else by_size for part in _PART_SIZES_MIB}
    return {
        "requests": _requests(by_kind, by_size),
        "sizes": _sizes(by_size),
        "services": _services(by_size),
        "others": _others(by_size),
        "parts": _parts(in_parts),
        "memory": _memory(by_size),
        "idle": _idle(),
        "prices": _prices(),
    }


def _counts() -> tuple[Mapping[str, Counts], Mapping[int, Counts]]:
    """Of each kind of upload that is copied in one request, and of a new key by its size."""
    with pipeline(threshold=_SHIPPED.multipart_threshold_mib, part=_SHIPPED.part_size_mib) as both:
        first = both.upload(1)
        kinds = {"a new key": both.process(first), "the same event again": both.process(first)}
        second, third = both.upload(1, content=b"2"), both.upload(1, content=b"3")
        kinds["an upload that a newer one has taken the place of"] = both.process(second)
        kinds["an upload over an older copy"] = both.process(third)
        in_parts = {size: _count(both, size) for size in _IN_PARTS}
    return kinds, {**dict.fromkeys(_IN_ONE, kinds["a new key"]), **in_parts}


def _counts_in_parts(part_mib: int) -> Mapping[int, Counts]:
    with pipeline(threshold=_SHIPPED.multipart_threshold_mib, part=part_mib) as both:
        return {size: _count(both, size) for size in _OF_PART_SIZES}


def _count(both: Pipeline, size: int) -> Counts:
    return both.process(both.upload(size // MIB, key=size_shown(size)))


def _requests(by_kind: Mapping[str, Counts], by_size: Mapping[int, Counts]) -> str:
    kinds = {**by_kind, **{f"a new key of {size_shown(size)}, in parts": by_size[size] for size in _IN_PARTS}}
    rows = [
        (
            kind,
            f"{counts.s3_writes:,}",
            str(counts.s3_reads),
            str(counts.events),
            str(counts.write_units),
            _told(counts),
        )
        for kind, counts in kinds.items()
    ]
    return _table(("upload", "S3 writes", "S3 reads", "events", "DynamoDB units", "S3 requests"), rows)


def _told(counts: Counts) -> str:
    calls = {name: count for name, count in counts.calls.items() if name not in {"PutEvents", "PutItem"}}
    return ", ".join(f"{count} {name}" if count > 1 else name for name, count in sorted(calls.items()))


def _sizes(by_size: Mapping[int, Counts]) -> str:
    rows = [
        (
            size_shown(size),
            _usd(total(by_size[size], size, _SPARSE)),
            _usd(total(by_size[size], size, _BUSY)),
            _usd(MILLION * size / GIB * PRICES["region transfer"]),
        )
        for size in _SIZES
    ]
    return _table(("size", "sparse", "busy", "to another region, on top"), rows)


def _services(by_size: Mapping[int, Counts]) -> str:
    def bill(size: int, setup: Setup) -> list[str]:
        return [_usd(line.usd) for line in lines(by_size[size], size, setup)]

    services = [line.service for line in lines(by_size[_KIB * 10], 0, _BUSY)]
    columns = [bill(10 * _KIB, _SPARSE), bill(10 * _KIB, _BUSY), bill(5 * GIB, _BUSY)]
    return _table(("service", "10 KiB, sparse", "10 KiB, busy", "5 GiB"), zip(services, *columns, strict=True))


def _others(by_size: Mapping[int, Counts]) -> str:
    def row(size: int) -> Iterator[str]:
        yield size_shown(size)
        yield _usd(total(by_size[size], size, _BUSY))
        naive = others.naive_lambda(size)
        yield "cannot" if naive is None else _usd(naive)
        yield _usd(others.replication(size, time_control=False))
        yield _usd(others.replication(size, time_control=True))
        yield _usd(others.datasync(size))

    columns = ("size", "copytrail", "naive Lambda", "S3 Replication", "with Time Control", "DataSync, hourly")
    return _table(columns, [tuple(row(size)) for size in _SIZES])


def _parts(in_parts: Mapping[int, Mapping[int, Counts]]) -> str:
    rows = [
        (
            f"{part} MiB",
            *(str(by_size[size].calls["UploadPartCopy"]) for size in _OF_PART_SIZES),
            *(_usd(total(by_size[size], size, _BUSY)) for size in _OF_PART_SIZES),
        )
        for part, by_size in in_parts.items()
    ]
    return _table(("part", "parts of 1 GiB", "of 5 GiB", "1 GiB costs", "5 GiB costs"), rows)


def _memory(by_size: Mapping[int, Counts]) -> str:
    small, counts = 10 * _KIB, by_size[10 * _KIB]
    rows = []
    for memory in _MEMORIES_MB:
        sparse, busy = Setup(memory, 1), Setup(memory, 10)
        seconds = seconds_of_a_batch(counts, small, busy)
        [functions] = [line.usd for line in lines(counts, small, sparse) if line.service == "Lambda"]
        rows.append(
            (
                f"{memory:,} MB",
                _usd(functions),
                _usd(total(counts, small, sparse)),
                _usd(total(counts, small, busy)),
                _usd(total(by_size[5 * GIB], 5 * GIB, busy)),
                f"{seconds_of_a_batch(counts, small, sparse) * 1000:.0f} ms",
                f"{_SHIPPED.max_concurrency * busy.batch / seconds:,.0f}",
            )
        )
    heads = (
        "memory",
        "sparse: Lambda",
        "sparse: all",
        "busy: all",
        "5 GiB",
        "one copy takes",
        "copies a second at most",
    )
    return _table(heads, rows)


def _idle() -> str:
    receives = 2 * _POLLERS * _SECONDS_OF_A_MONTH / _LONG_POLL_S
    rows = [
        (
            f"empty receives of 2 queues, {_POLLERS} pollers each, in long polls of {_LONG_POLL_S} s",
            receives * PRICES["sqs request"],
        ),
        ("an alarm on one metric", PRICES["alarm"]),
        ("a dashboard beyond the account's free three", PRICES["dashboard"]),
        ("a metric of the functions' own, while it has data", PRICES["custom metric"]),
        ("a customer managed KMS key", PRICES["kms key"]),
        ("a million records of 1 KB in the table and its two indexes", 3 * PRICES["dynamodb storage"]),
        ("their point-in-time recovery", 3 * PRICES["dynamodb recovery"]),
    ]
    return _table(("each month", "US dollars"), [(what, _usd(usd)) for what, usd in rows])


def _prices() -> str:
    rows = [
        (name, f"{price.usd:.10f}".rstrip("0").rstrip("."), f"{price.per:,} {price.of}", f"<{price.page}>")
        for name, price in PRICES.prices.items()
    ]
    return _table(("price", "US dollars", "for", "page"), rows)


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = [columns, ["---"] * len(columns)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])
