"""Synthesis: the app of `cdk.json` run exactly as the CDK's command line runs it, once per content."""

import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localaws.cache import CACHE, ROOT, used
from localaws.deployment import cdk_json
from localaws.deployment.cdk_json import CdkJson, SynthError

_POLL_EVERY_S = 0.1
# All that the template and the assets depend on.
_INPUTS = ("cdk.json", "infra", "services", "shared", "pyproject.toml", "uv.lock")


def synthesize(
    overrides: Mapping[str, Any] | None = None,
    *,
    account_id: str,
    region: str,
    root: Path = ROOT,
    cache: Path = CACHE / "synth",
    check: Callable[[], None] = lambda: None,
) -> Path:
    """The directory of the cloud assembly, made anew only when something that it depends on has changed.

    Args:
        overrides: merged into the `copytrail` settings of `cdk.json`, objects key by key; None takes a setting out.
        account_id: the account of an environment-aware stack.
        region: the region of an environment-aware stack.
        root: the project.
        cache: where assemblies are kept.
        check: called time and again while the app runs; the app is killed if it raises.

    Raises:
        SynthError: the app refused its settings or broke.
    """
    configuration = cdk_json.read(root / "cdk.json", overrides or {})
    environment = {"CDK_DEFAULT_ACCOUNT": account_id, "CDK_DEFAULT_REGION": region}
    place = cache / _identity(root, [configuration.command, configuration.context, environment, sys.version])
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with _lock(cache / f"{place.name}.lock"):
            if not place.exists():
                _run(configuration, environment, root=root, place=place, check=check)
    return used(place)


def _identity(root: Path, configuration: list[Any]) -> str:
    digest = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode())
    for path in _files(root / name for name in _INPUTS):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _files(inputs: Iterable[Path]) -> Iterator[Path]:
    for path in inputs:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
        elif path.exists():
            yield path


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(
    configuration: CdkJson, environment: Mapping[str, str], *, root: Path, place: Path, check: Callable[[], None]
) -> None:
    app = shlex.join(configuration.command)
    workplace = Path(tempfile.mkdtemp(prefix=".synth-", dir=place.parent))
    try:
        process = subprocess.Popen(  # noqa: S603  # what cdk.json says, as the CDK itself runs it
            configuration.command,
            cwd=root,
            env={
                **os.environ,
                **environment,
                # jsii looks for node on the PATH; the virtual environment has one.
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
                "CDK_OUTDIR": str(workplace),
                "CDK_CONTEXT_JSON": json.dumps(configuration.context),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        output, errors = _output(process, check)
        if process.returncode != 0:
            raise SynthError((errors or output).strip() or f"{app} ended with status {process.returncode}")
        workplace.rename(place)
    except OSError as error:
        raise SynthError(f"{app} could not be run: {error}") from error
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _output(process: "subprocess.Popen[str]", check: Callable[[], None]) -> tuple[str, str]:
    with process:
        try:
            while True:
                check()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.communicate(timeout=_POLL_EVERY_S)
        except BaseException:
            process.kill()
            raise
