"""Who may import whom, read from the syntax trees."""

import ast
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("shared", "services", "infra", "ops", "localaws", "benchmarks")

# Of services/, only these may know AWS, Powertools, the clock and the environment: a new file is pure until named here.
ADAPTERS = (
    "services/*/handler.py",
    "services/*/wiring.py",
    "services/*/telemetry.py",
    "services/auditor/ledger.py",
    "services/copier/adapters/*.py",
)
# Of shared/, the same: its function runtime, the transfer bus, and what reads the audit table.
SHARED_ADAPTERS = (
    "shared/lambda_runtime/aws.py",
    "shared/lambda_runtime/environment.py",
    "shared/lambda_runtime/powertools.py",
    "shared/lambda_runtime/sqs_queue.py",
    "shared/transfer_bus.py",
    "shared/audit_log/days_with_records.py",
    "shared/audit_log/pages.py",
    "shared/audit_log/query.py",
)
IMPURE = ("boto3", "botocore", "aws_lambda_powertools", "os", "time", "random", "socket", "subprocess")


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_any_of(path: Path, patterns: Iterable[str]) -> bool:
    return any(fnmatch(relative(path), pattern) for pattern in patterns)


def imported(path: Path, *, while_loading: bool = False) -> set[str]:
    """Every module that a file imports, as dotted names, and every name that it imports from one.

    `while_loading`: only what is imported when the module itself is, so not within functions, nor for type checking.
    """
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in _executed_when_loaded(tree) if while_loading else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _executed_when_loaded(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if not is_for_types and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _executed_when_loaded(child)


def is_in(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def offenders(paths: Iterable[Path], forbidden: Iterable[str], *, but: Iterable[str] = ()) -> list[str]:
    """`file imports module` for each import of a forbidden package by a file that is none of `but`."""
    return [
        f"{relative(path)} imports {name}"
        for path in paths
        if not is_any_of(path, but)
        for name in sorted(imported(path))
        if is_in(name, forbidden)
    ]


def clock_readings(path: Path) -> list[str]:
    """Where a file reads the clock through a class or module that it may know otherwise."""
    return [
        f"{relative(path)} reads {ast.unparse(node)}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "today", "utcnow"}
        and ast.unparse(node.value) in {"datetime", "date", "times"}
    ]


def impurities(paths: Iterable[Path]) -> list[str]:
    """What files that should be pure know of the world: a library, the clock, or one of ours that does."""
    named = (*ADAPTERS, *SHARED_ADAPTERS)
    adapters = [dotted(path) for path in sources("services", "shared") if is_any_of(path, named)]
    pure = [path for path in paths if not is_any_of(path, named)]
    return offenders(pure, (*IMPURE, *adapters)) + [reading for path in pure for reading in clock_readings(path)]


def shipped() -> list[str]:
    """The packages of the distribution."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return list(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("shared", ("services", "infra", "ops", "localaws", "benchmarks")),
        ("services/copier", ("services.auditor", "infra", "ops", "localaws", "benchmarks")),
        ("services/auditor", ("services.copier", "infra", "ops", "localaws", "benchmarks")),
        ("infra", ("services", "ops", "localaws", "benchmarks")),
        ("ops", ("services", "infra", "localaws", "benchmarks")),
        ("localaws", ("services", "ops", "benchmarks")),
        ("services", ("moto", "aws_cdk", "pydantic", "aws_xray_sdk")),
        ("shared", ("moto", "aws_cdk", "pydantic", "aws_xray_sdk")),
        ("ops", ("moto", "aws_cdk", "pydantic", "aws_lambda_powertools")),
    ],
)
def test_walls_between_the_rooms_hold(folder: str, forbidden: tuple[str, ...]) -> None:
    assert offenders(sources(folder), forbidden) == []


def test_nothing_that_is_shipped_imports_the_tests() -> None:
    assert offenders(sources(*shipped()), ("tests",)) == []


def test_the_tests_look_at_every_package_that_is_shipped() -> None:
    assert set(shipped()) <= set(OURS)
    assert all(list(sources(package)) for package in shipped())


def test_everything_under_services_is_pure_but_the_named_adapters() -> None:
    assert impurities(sources("services")) == []


def test_shared_is_the_standard_library_and_msgspec_but_for_the_named_adapters() -> None:
    runtime = ("shared/lambda_runtime/*.py",)

    assert offenders(sources("shared"), ("boto3", "botocore", "aws_lambda_powertools"), but=runtime) == []
    assert impurities(sources("shared")) == [
        "shared/lambda_runtime/batch.py imports random",
        "shared/times.py reads datetime.now",
    ]


@pytest.mark.parametrize("pattern", [*ADAPTERS, *SHARED_ADAPTERS])
def test_every_named_adapter_is_there(pattern: str) -> None:
    assert list(ROOT.glob(pattern))


def test_powertools_comes_in_by_one_door() -> None:
    door = ("shared/lambda_runtime/powertools.py",)

    assert offenders(sources("shared", "services"), ("aws_lambda_powertools",), but=door) == []


def test_clients_are_made_in_the_wiring_only() -> None:
    assert offenders(sources("services"), ("boto3", "shared.lambda_runtime.aws.client"), but=ADAPTERS[1:2]) == []


@pytest.mark.parametrize(
    ("folder", "above", "but"),
    [
        # What the rooms of shared/ have in common knows neither; the transfer bus calls AWS as they do.
        ("shared/*.py", ("shared.audit_log", "shared.lambda_runtime"), ("shared/transfer_bus.py",)),
        ("shared/lambda_runtime/*.py", ("shared.audit_log", "shared.transfer_bus"), ()),
        ("shared/audit_log/*.py", ("shared.transfer_bus", "shared.lambda_runtime"), SHARED_ADAPTERS),
    ],
)
def test_within_shared_no_arrow_points_upward(folder: str, above: tuple[str, ...], but: tuple[str, ...]) -> None:
    assert offenders(ROOT.glob(folder), above, but=but) == []


def test_of_the_function_runtime_the_rest_of_shared_uses_how_aws_is_called_and_nothing_else() -> None:
    outside = [path for path in sources("shared") if path.parent.name != "lambda_runtime"]
    used = {name for path in outside for name in imported(path) if is_in(name, ("shared.lambda_runtime",))}

    assert used == {"shared.lambda_runtime.aws", "shared.lambda_runtime.aws.translated"}


@pytest.mark.parametrize("room", ["terminal", "params", "aws"])
def test_what_commands_share_knows_no_command(room: str) -> None:
    commands = [f"ops.{name}" for name in ("audit", "backfill", "dlq", "reconcile", "status")]

    assert offenders(sources(f"ops/{room}"), commands) == []


def test_no_modules_of_ours_import_each_other_in_a_circle() -> None:
    modules = {dotted(path): path for path in sources(*OURS)}
    graph = {
        # What is in a package imports the package, too: that is no arrow.
        name: {other for other in imported(path, while_loading=True) & modules.keys() if not is_in(name, [other])}
        for name, path in modules.items()
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


def test_nobody_uses_boto3_resources() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in sources(*OURS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "resource" and getattr(node.value, "id", "") == "boto3"
    ]

    assert found == []


def test_nothing_in_the_functions_knows_of_an_emulator() -> None:
    words = ("moto", "localaws", "emulat", "localhost", "127.0.0.1", "endpoint_url")

    assert [
        f"{relative(path)} says {word}"
        for path in sources("services", "shared")
        for word in words
        if word in path.read_text().replace("AWS_ENDPOINT_URL", "").lower()
    ] == []


def test_a_forbidden_import_would_be_found() -> None:
    offender = ROOT / "shared" / "routes.py"

    assert offenders([offender], ("shared.errors",)) == [
        "shared/routes.py imports shared.errors",
        "shared/routes.py imports shared.errors.PermanentError",
        "shared/routes.py imports shared.errors.Reason",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "import boto3",
        "from botocore.exceptions import ClientError",
        "def late():\n    import time",
        "from shared.lambda_runtime.aws import translated",
        "from services.auditor import wiring",
        "from services.auditor.ledger import DynamoDbLedger",
        "from datetime import datetime\nNOW = datetime.now()",
        "from shared import times\nCLOCK = times.now",
    ],
)
def test_an_impure_file_would_be_found(statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = tmp_path / "services" / "copier" / "new.py"
    new.parent.mkdir(parents=True)
    new.write_text(statement)
    for adapter in ("services/auditor/ledger.py", "services/auditor/wiring.py", "shared/lambda_runtime/aws.py"):
        (tmp_path / adapter).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / adapter).touch()
    monkeypatch.setattr("tests.architecture.test_imports.ROOT", tmp_path)

    assert impurities(sources("services/copier"))
