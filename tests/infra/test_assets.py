"""What is shipped to Lambda, and what is not."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from infra import bundling
from infra.bundling import (
    CALLS,
    LAMBDA,
    BundlingError,
    Target,
    bundle,
    content_hash,
    dependencies,
    runtime_client,
)
from infra.bytecode import BytecodeError, compile_modules
from infra.interpreters import LAMBDA_PYTHON, Interpreter, installed, lambda_python

SERVICES = sorted(CALLS)
HOST_PYTHON = Interpreter.own()
HOST = Target.host(HOST_PYTHON)
# A third of it is bytecode.
LARGEST_BYTES = 22_000_000


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def run_bare(paths: list[Path], code: str, *, python: Path = HOST_PYTHON.executable) -> str:
    """Run code on nothing but the standard library and these paths."""
    program = f"import sys; sys.path[:0] = {[str(path) for path in paths]!r}\n{code}"
    command = [str(python), "-I", "-S", "-B", "-c", program]
    # No environment either: an asset must not need variables to be imported.
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.defpath})  # noqa: S603 - our own code
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(
    scope="module",
    params=[(service, target) for service in SERVICES for target in (LAMBDA, HOST)],
    ids=lambda asked: f"{asked[0]}-{asked[1].name}",
)
def asset(request: pytest.FixtureRequest) -> Path:
    service, target = request.param
    return bundle(service, target=target)


def test_an_asset_is_small(asset: Path) -> None:
    assert sum(map(len, files(asset).values())) < LARGEST_BYTES


def test_an_asset_holds_what_it_needs_and_nothing_else(asset: Path) -> None:
    shipped = {path.name for path in asset.iterdir() if path.suffix != ".dist-info" and path.name != "__pycache__"}
    assert shipped == {
        "services",
        "shared",
        *("aws_lambda_powertools", "boto3", "botocore", "dateutil", "jmespath", "msgspec", "s3transfer", "six.py"),
        *("typing_extensions.py", "urllib3"),
    }
    service = asset.name.partition("-")[0]
    assert {path.name for path in (asset / "services").iterdir()} - {"__pycache__"} == {"__init__.py", service}
    assert {path.name for path in (asset / "botocore" / "data").iterdir() if path.is_dir()} == set(CALLS[service])


def test_an_asset_holds_no_test_script_or_path_of_this_machine(asset: Path) -> None:
    unwanted = {"tests", "bin", "RECORD", "INSTALLER", "direct_url.json"}
    assert not [path for path in asset.rglob("*") if path.name in unwanted]
    assert not [name for name, content in files(asset).items() if str(bundling.ROOT).encode() in content]


def test_lambda_may_read_every_file(asset: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in asset.rglob("*") if path.is_file()} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in [asset, *asset.rglob("*")] if path.is_dir()} == {0o755}


@pytest.mark.parametrize("service", SERVICES)
def test_compiled_code_is_made_for_whom_the_asset_is(service: str) -> None:
    def compiled(target: Target) -> set[str]:
        return {path.name for path in bundle(service, target=target).rglob("*.so")}

    assert compiled(LAMBDA) == {"_core.cpython-313-aarch64-linux-gnu.so"}
    assert all(str(sys.implementation.cache_tag) in name for name in compiled(HOST))


def test_an_asset_for_another_python_of_this_machine_imports_on_it() -> None:
    found = next((python for python in installed(LAMBDA_PYTHON) if python.minor != HOST_PYTHON.minor), None)
    if found is None:
        pytest.skip(f"this machine has no other Python {LAMBDA_PYTHON}")
    target = Target.host(found)
    paths = [bundle("copier", target=target), runtime_client(target=target)]
    code = "import services.copier.handler, awslambdaric.bootstrap, sys; print(sys.version_info[:2])"
    assert run_bare(paths, code, python=found.executable) == f"{LAMBDA_PYTHON}\n"


def test_only_lambdas_asset_has_bytecode_and_that_of_every_module(asset: Path) -> None:
    def of(pattern: str) -> set[Path]:
        return {path.parent.parent / f"{path.name.partition('.')[0]}.py" for path in asset.rglob(pattern)}

    expected = set(asset.rglob("*.py")) if "-lambda-" in asset.name and lambda_python() else set()
    assert of("*.pyc") == of(f"__pycache__/*.cpython-{''.join(map(str, LAMBDA_PYTHON))}.pyc") == expected


def test_bytecode_is_taken_as_it_is_whatever_the_time_of_its_source_and_names_its_place_in_lambda(
    tmp_path: Path,
) -> None:
    if (python := lambda_python()) is None:
        pytest.skip(f"this machine has no Python {LAMBDA_PYTHON}")
    asset = tmp_path / "asset"
    shutil.copytree(bundle("copier", target=Target.host(python)), asset)
    compile_modules(asset, python=python)
    for module in asset.rglob("*.py"):
        os.utime(module, (0, 0))
    # The interpreter is not to find the compiler when it needs it.
    code = """
from importlib.machinery import SourceFileLoader
def refuse(self, data, path, **_): raise AssertionError(f"{path} is compiled")
SourceFileLoader.source_to_code = refuse
import services.copier.handler
"""
    run_bare([asset], code, python=python.executable)
    [compiled] = (asset / "services" / "copier" / "__pycache__").glob("handler.*")
    # PEP 552: bit 0 is "by hash", bit 1 "is checked".
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01
    assert b"/var/task/services/copier/handler.py" in compiled.read_bytes()


@pytest.mark.parametrize("service", SERVICES)
def test_a_handler_imports_with_nothing_but_its_asset(service: str) -> None:
    code = f"import services.{service}.handler; print(*sys.modules, sep='\\n')"
    modules = run_bare([bundle(service, target=HOST)], code).splitlines()
    assert f"services.{service}.handler" in modules
    roots = {module.partition(".")[0] for module in modules}
    assert not roots & {"pydantic", "aws_xray_sdk", "infra", "ops", "localaws"}


@pytest.mark.parametrize("service", SERVICES)
def test_of_our_own_code_an_asset_holds_what_its_handler_imports_and_nothing_else(service: str) -> None:
    asset = bundle(service, target=HOST)
    code = f"import services.{service}.handler; print(*sys.modules, sep='\\n')"
    imported = {name for name in run_bare([asset], code).splitlines() if name.startswith(("services", "shared"))}
    shipped = {
        ".".join(path.relative_to(asset).with_suffix("").parts).removesuffix(".__init__")
        for root in ("services", "shared")
        for path in (asset / root).rglob("*.py")
    }
    assert shipped == imported
    assert "shared.audit_log.query" not in shipped


@pytest.mark.parametrize("service", SERVICES)
def test_the_data_that_is_left_makes_every_client_that_a_service_calls(service: str) -> None:
    code = f"""
import boto3
for name in {CALLS[service]!r}:
    print(boto3.client(name, region_name="eu-west-1").meta.endpoint_url)
"""
    printed = run_bare([dependencies(service, target=HOST)], code)
    assert printed.splitlines() == [f"https://{name}.eu-west-1.amazonaws.com" for name in CALLS[service]]


def test_the_runtime_client_imports_beside_an_asset() -> None:
    code = "import awslambdaric.bootstrap; print(awslambdaric.__file__)"
    assert str(runtime_client(target=HOST)) in run_bare(
        [runtime_client(target=HOST), bundle("copier", target=HOST)], code
    )


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what an asset is made from, with a build folder of its own that has the wheels already."""
    for part in ("services", "shared"):
        shutil.copytree(bundling.ROOT / part, tmp_path / part)
    for part in ("pyproject.toml", "uv.lock", "README.md"):
        shutil.copyfile(bundling.ROOT / part, tmp_path / part)
    dependencies("auditor", target=LAMBDA)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "wheels").symlink_to(bundling.ROOT / "build" / "wheels")
    monkeypatch.setattr(bundling, "ROOT", tmp_path)
    monkeypatch.setattr(bundling, "_BUILD", tmp_path / "build")
    return tmp_path


def test_another_clone_at_another_time_under_another_python_and_umask_makes_the_same_bytes(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = bundle("auditor", target=LAMBDA)
    other = next((python for python in installed() if python.minor != HOST_PYTHON.minor), HOST_PYTHON)
    monkeypatch.setattr(bundling, "LAMBDA", replace(LAMBDA, python=other.executable))
    monkeypatch.setattr(bundling, "_BUILD", sources / "a build of its own")
    for file in sources.rglob("*.py"):
        os.utime(file, (0, 0))
        file.chmod(0o700)
    before = os.umask(0o077)
    try:
        theirs = bundle("auditor", target=bundling.LAMBDA)
    finally:
        os.umask(before)
    assert ours != theirs
    assert files(ours) == files(theirs)
    assert content_hash(ours) == content_hash(theirs)
    assert {path.stat().st_mode & 0o777 for path in theirs.rglob("*") if path.is_file()} == {0o644}


def test_the_hash_of_an_asset_tells_each_byte_and_each_name(sources: Path) -> None:
    asset = sources / "asset"
    asset.mkdir()
    (asset / "a").write_bytes(b"bc")
    hashes = [content_hash(asset)]
    (asset / "a").write_bytes(b"bd")
    hashes.append(content_hash(asset))
    (asset / "a").rename(asset / "ab")
    (asset / "ab").write_bytes(b"c")
    hashes.append(content_hash(asset))
    assert len(set(hashes)) == len(hashes)


def test_a_module_that_is_no_python_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "nonsense.py").write_text("nonsense = (\n")
    with pytest.raises(BytecodeError, match=r"nonsense\.py.*never closed") as caught:
        compile_modules(tmp_path, python=HOST_PYTHON)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_changed_source_makes_another_asset_and_the_other_service_keeps_its_own(sources: Path) -> None:
    before = {service: bundle(service, target=LAMBDA) for service in SERVICES}
    handler = sources / "services" / "copier" / "handler.py"
    handler.write_text("changed = True\n")
    after = {service: bundle(service, target=LAMBDA) for service in SERVICES}
    assert content_hash(after["copier"]) != content_hash(before["copier"])
    assert (after["copier"] / "services" / "copier" / "handler.py").read_text() == "changed = True\n"
    assert after["auditor"] == before["auditor"]


def test_builds_at_the_same_time_end_in_one_whole_asset(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "_BUILD", sources / "elsewhere")
    # It takes time, and is nothing that two builds share.
    monkeypatch.setattr(bundling, "lambda_python", lambda: None)
    with ThreadPoolExecutor(2) as pool:
        built = set(pool.map(lambda _: bundle("auditor", target=LAMBDA), range(2)))
    (only,) = built
    assert (only / "services" / "auditor").is_dir()
    assert [path.name for path in only.parent.iterdir()] == [only.name]


def test_a_lock_that_cannot_be_read_is_one_clear_line(sources: Path) -> None:
    (sources / "uv.lock").write_text("not a lock")
    with pytest.raises(BundlingError, match=r"^uv export failed: .*uv\.lock") as caught:
        bundle("copier", target=LAMBDA)
    assert "\n" not in str(caught.value)
