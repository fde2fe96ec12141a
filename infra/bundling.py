"""The functions' assets: the code that a handler imports and the locked wheels, built with uv and without Docker.

What is built is kept under `build/` by the content of everything that it is made from, so it is built once. The same
commit makes the same bytes on every machine that compiles with the same Python (`infra.bytecode`), or with none.
"""

import ast
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uv

from infra.bytecode import BytecodeError, compile_modules
from infra.interpreters import LAMBDA_PYTHON, Interpreter, lambda_python

ROOT = Path(__file__).resolve().parent.parent
_BUILD = ROOT / "build"

# The AWS services that each of ours calls: all else is taken out of botocore's 30 MB.
CALLS = {"copier": ("s3", "sqs", "events", "dynamodb"), "auditor": ("dynamodb", "sqs")}

# What no function needs at run time; uv's own notes name this machine, too.
_UNUSED = (
    *(".lock", "bin", "boto3/data", "boto3/examples", "botocore/data/*/*/examples-1.json"),
    *("**/__pycache__", "**/tests", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED"),
    *("*.dist-info/direct_url.json", "*.dist-info/uv_cache.json", "*.dist-info/uv_build.json"),
)


@dataclass(frozen=True)
class Target:
    """Whom an asset is built for. `options` are uv's; `tag` is what compiled wheels are made for."""

    name: str
    python: Path
    options: tuple[str, ...]
    tag: str

    @classmethod
    def host(cls, interpreter: Interpreter) -> "Target":
        """This machine, and a Python of it."""
        return cls("host", interpreter.executable, (), interpreter.tag)


LAMBDA = Target(
    name="lambda",
    python=Interpreter.own().executable,
    options=(
        "--python-platform",
        "aarch64-manylinux2014",
        "--python-version",
        "{}.{}".format(*LAMBDA_PYTHON),
        "--only-binary",
        ":all:",
    ),
    tag="cpython-313 linux-aarch64",
)


class BundlingError(Exception):
    """The asset could not be built; one line says why."""


def bundle(service: str, *, target: Target) -> Path:
    """The directory that is a function's asset: its handler, all of ours that it imports, and the wheels beside them.

    Lambda's has its bytecode with it, where this machine has such a Python. Safe to call from several processes at a
    time.

    Raises:
        BundlingError: uv could not resolve or download what the lock names, or a module is not Python.
    """
    python = lambda_python() if target == LAMBDA else None
    wheels = dependencies(service, target=target)
    if python is not None:
        wheels = _compiled(wheels, python)
    sources = sorted(_sources(service))
    content = [wheels.name, *(f"{path.relative_to(ROOT)}\0{_digest([path.read_bytes()])}" for path in sources)]

    def build(directory: Path) -> None:
        shutil.copytree(wheels, directory, dirs_exist_ok=True)
        for source in sources:
            copy = directory / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        if python is not None:
            _compile(directory, *sorted({source.relative_to(ROOT).parts[0] for source in sources}), python=python)

    return _built(_BUILD / "assets" / f"{service}-{target.name}", content, build)


def dependencies(service: str, *, target: Target) -> Path:
    """The directory of the locked wheels that a function needs, without its code.

    Raises:
        BundlingError: uv could not resolve or download what the lock names.
    """
    return _installed(_BUILD / "wheels" / f"{service}-{target.name}", "functions", target, CALLS[service])


def runtime_client(*, target: Target) -> Path:
    """The directory of AWS's Lambda runtime client and what it needs.

    Raises:
        BundlingError: uv could not resolve or download what the lock names.
    """
    return _installed(_BUILD / "wheels" / "runtime", "runtime", target, ())


def content_hash(asset: Path) -> str:
    """The hash of every file in a directory that `bundle` returned: equal where Lambda would get the same bytes."""
    files = sorted(path for path in asset.rglob("*") if path.is_file())
    return _digest(part for file in files for part in (str(file.relative_to(asset)).encode(), file.read_bytes()))


def _compiled(wheels: Path, python: Interpreter) -> Path:
    """The same wheels with their bytecode; a change of our own code leaves them as they are."""

    def build(directory: Path) -> None:
        shutil.copytree(wheels, directory, dirs_exist_ok=True)
        _compile(directory, python=python)

    return _built(wheels.with_name(f"{wheels.name}-bytecode"), [wheels.name, python.name], build)


def _compile(directory: Path, *below: str, python: Interpreter) -> None:
    try:
        compile_modules(directory, *below, python=python)
    except BytecodeError as error:
        raise BundlingError(f"Python {python.name} cannot compile the asset: {error}") from error


def _installed(place: Path, group: str, target: Target, aws_services: Iterable[str]) -> Path:
    requirements = _uv("export", "--project", str(ROOT), "--frozen", "--only-group", group, "--no-header", "--quiet")

    def build(directory: Path) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(requirements)
            file.flush()
            # Copied, as links would let a change here reach uv's cache.
            options = (
                "--no-deps",
                "--require-hashes",
                "--link-mode",
                "copy",
                "--quiet",
                "--python",
                str(target.python),
            )
            _uv("pip", "install", *options, *target.options, "--target", str(directory), "--requirement", file.name)
        _prune(directory, aws_services)

    return _built(place, [requirements, *aws_services, *_UNUSED, *target.options, target.tag], build)


def _prune(directory: Path, aws_services: Iterable[str]) -> None:
    unused = [path for pattern in _UNUSED for path in directory.glob(pattern)]
    unused += [path for path in directory.glob("botocore/data/*/") if path.name not in aws_services]
    for path in unused:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _sources(service: str) -> set[Path]:
    """The files of a handler and of all modules of ours that it imports, directly or not, with their packages."""
    found: set[Path] = set()
    waiting = [f"services.{service}.handler"]
    while waiting:
        parts = waiting.pop().split(".")
        places = [ROOT.joinpath(*parts[:length]) for length in range(1, len(parts) + 1)]
        files = {place / "__init__.py" for place in places} | {places[-1].with_suffix(".py")}
        new = {file for file in files - found if file.is_file()}
        found |= new
        waiting += [name for file in new for name in _imports(file)]
    return found


def _imports(file: Path) -> Iterator[str]:
    """What may be a module of ours: each name of an import, whether it is one of a module or one in a module."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield str(node.module)


def _built(place: Path, content: Iterable[str], build: Callable[[Path], None]) -> Path:
    finished = place.with_name(f"{place.name}-{_digest(text.encode() for text in content)[:16]}")
    if finished.is_dir():
        return finished
    finished.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=finished.parent) as temporary:
        directory = Path(temporary) / finished.name
        directory.mkdir()
        build(directory)
        _normalise(directory)
        try:
            directory.rename(finished)
        except OSError:
            # Another process was faster: what it built from the same content is as good.
            if not finished.is_dir():
                raise
    return finished


def _normalise(directory: Path) -> None:
    # Lambda reads the asset as another user, whatever the umask was here.
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def _uv(*arguments: str) -> str:
    # A virtual environment that happens to be active is none of this build's business.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    # The CDK's command line sets FORCE_COLOR, and colours are no part of a list of requirements.
    command = [uv.find_uv_bin(), "--color", "never", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - uv itself, and our own words
    if done.returncode != 0:
        reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise BundlingError(f"uv {arguments[0]} failed: {reason}")
    return done.stdout
