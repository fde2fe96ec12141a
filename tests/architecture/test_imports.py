"""Who may import whom, read from the syntax trees."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("shared", "services", "infra", "ops", "localaws", "benchmarks")


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at any depth of its code, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def shipped() -> list[str]:
    """The packages of the distribution."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return list(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def offenders(paths: Iterator[Path], forbidden: tuple[str, ...], *, but: tuple[str, ...] = ()) -> list[str]:
    """`file imports module` for each import of a forbidden package."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        if str(path.relative_to(ROOT)) not in but
        for name in sorted(imports(path))
        if any(name == package or name.startswith(f"{package}.") for package in forbidden)
    ]


@pytest.mark.parametrize(
    ("folder", "forbidden", "but"),
    [
        ("shared", ("services", "infra", "ops", "localaws", "benchmarks"), ()),
        ("services/copier", ("services.auditor", "infra", "ops", "localaws", "benchmarks"), ()),
        ("services/auditor", ("services.copier", "infra", "ops", "localaws", "benchmarks"), ()),
        ("infra", ("services", "ops", "localaws", "benchmarks"), ()),
        ("ops", ("services", "infra", "localaws", "benchmarks"), ()),
        ("localaws", ("ops", "benchmarks"), ()),
        ("services", ("moto", "aws_cdk", "pydantic", "aws_xray_sdk"), ()),
        ("shared", ("moto", "aws_cdk", "pydantic", "aws_xray_sdk"), ()),
        ("ops", ("moto", "aws_cdk", "pydantic", "aws_lambda_powertools"), ()),
    ],
)
def test_walls_between_the_rooms_hold(folder: str, forbidden: tuple[str, ...], but: tuple[str, ...]) -> None:
    assert offenders(sources(folder), forbidden, but=but) == []


def test_nothing_that_is_shipped_imports_the_tests() -> None:
    assert offenders(sources(*shipped()), ("tests",)) == []


def test_the_tests_look_at_every_package_that_is_shipped() -> None:
    assert set(shipped()) <= set(OURS)
    assert all(list(sources(package)) for package in shipped())


def test_powertools_comes_in_by_one_door() -> None:
    assert (
        offenders(
            sources("shared", "services"), ("aws_lambda_powertools",), but=("shared/lambda_runtime/powertools.py",)
        )
        == []
    )


def test_shared_stands_on_the_standard_library_and_msgspec() -> None:
    doors = ("shared/lambda_runtime/powertools.py", "shared/lambda_runtime/aws.py")

    assert offenders(sources("shared"), ("boto3", "botocore", "aws_lambda_powertools"), but=doors) == []


@pytest.mark.parametrize(
    "path",
    [
        "shared/copy_plan.py",
        "services/copier/copying.py",
        "services/copier/transfers.py",
        "services/copier/every_version.py",
        "services/copier/placements.py",
        "services/copier/placing.py",
        "shared/audit_log/schema.py",
        "shared/audit_log/operation_record.py",
        "shared/audit_log/record.py",
        "shared/routes.py",
        "shared/log_id.py",
        "shared/envelope.py",
        "shared/event_decoding.py",
        "shared/events.py",
        "shared/operations.py",
        "shared/lambda_runtime/delivery_policy.py",
    ],
)
def test_pure_files_know_neither_aws_nor_the_runtime(path: str) -> None:
    forbidden = (
        "boto3",
        "botocore",
        "aws_lambda_powertools",
        "shared.lambda_runtime.aws",
        "shared.lambda_runtime.powertools",
        "os",
        "time",
        "random",
    )

    assert offenders(iter([ROOT / path]), forbidden) == []


def test_clients_are_made_in_the_wiring_only() -> None:
    wirings = ("services/copier/wiring.py", "services/auditor/wiring.py")

    assert offenders(sources("services"), ("boto3", "shared.lambda_runtime.aws.client"), but=wirings) == []


def test_nobody_uses_boto3_resources() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*OURS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "resource" and getattr(node.value, "id", "") == "boto3"
    ]

    assert found == []


def test_nothing_in_the_functions_knows_of_an_emulator() -> None:
    words = ("moto", "localaws", "emulat", "localhost", "127.0.0.1", "endpoint_url")

    assert [
        f"{path.relative_to(ROOT)} says {word}"
        for path in sources("services", "shared")
        for word in words
        if word in path.read_text().replace("AWS_ENDPOINT_URL", "").lower()
    ] == []


def test_a_forbidden_import_would_be_found() -> None:
    offender = ROOT / "shared" / "routes.py"

    assert offenders(iter([offender]), ("shared.errors",)) == [
        "shared/routes.py imports shared.errors",
        "shared/routes.py imports shared.errors.PermanentError",
        "shared/routes.py imports shared.errors.Reason",
    ]
