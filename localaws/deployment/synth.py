"""Synthesis: the app of `cdk.json` run exactly as the CDK's command line runs it, once per content."""

import contextlib
import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.environments import merged
from infra.validation import CONTEXT_KEY
from localaws.cache import CACHE, ROOT, cached
from localaws.errors import LocalAwsError

_POLL_EVERY_S = 0.1
# All that the template and the assets depend on.
_INPUTS = ("cdk.json", "infra", "services", "shared", "pyproject.toml", "uv.lock")


class SynthError(LocalAwsError):
    """`cdk.json` cannot be used, or the app stopped; the message says why, or is the app's own."""

    exit_code = 2


@dataclass(frozen=True)
class CdkJson:
    """The app's command, as words, and its context."""

    command: tuple[str, ...]
    context: Mapping[str, Any]


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
    configuration = read_cdk_json(root / "cdk.json", overrides or {})
    environment = {"CDK_DEFAULT_ACCOUNT": account_id, "CDK_DEFAULT_REGION": region}
    identity = _identity(root, [configuration.command, configuration.context, environment, sys.version])
    return cached(cache / identity, lambda place: _run(configuration, environment, root=root, place=place, check=check))


def read_cdk_json(file: Path, overrides: Mapping[str, Any]) -> CdkJson:
    """Read `cdk.json`, with `overrides` merged into its `copytrail` settings.

    Settings that are no object are left as they are: the app says what is wrong with them.

    Raises:
        SynthError: naming what is wrong and where.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SynthError(f"there is no cdk.json in {file.parent}") from error
    except OSError as error:
        raise _unusable(error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _unusable(f"byte {error.start + 1} is not UTF-8") from error
    except RecursionError as error:
        raise _unusable("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise _unusable(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    if not isinstance(content, dict):
        raise _unusable("it must be a JSON object")
    context = content.get("context", {})
    if not isinstance(context, dict):
        raise _unusable("its 'context' must be an object")
    settings = context.get(CONTEXT_KEY)
    changed = {CONTEXT_KEY: merged(settings, overrides)} if isinstance(settings, dict) else {}
    return CdkJson(_command(content.get("app")), {**context, **changed})


def _command(app: object) -> tuple[str, ...]:
    if not isinstance(app, str):
        raise _unusable("its 'app' must be a text: the command that runs the app")
    try:
        words = tuple(shlex.split(app))
    except ValueError as error:
        raise _unusable(f"its 'app' cannot be read as a command ({error}): {app}") from error
    if not words or not app.isprintable():
        raise _unusable("its 'app' is no command")
    return words


def _unusable(problem: str) -> SynthError:
    return SynthError(f"cdk.json cannot be used: {problem}")


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


def _run(
    configuration: CdkJson, environment: Mapping[str, str], *, root: Path, place: Path, check: Callable[[], None]
) -> None:
    app = shlex.join(configuration.command)
    try:
        process = subprocess.Popen(  # noqa: S603  # what cdk.json says, as the CDK itself runs it
            configuration.command,
            cwd=root,
            env={
                **os.environ,
                **environment,
                # jsii looks for node on the PATH; the virtual environment has one.
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
                "CDK_OUTDIR": str(place),
                "CDK_CONTEXT_JSON": json.dumps(configuration.context),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    except OSError as error:
        raise SynthError(f"{app} could not be run: {error}") from error
    output, errors = _output(process, check)
    if process.returncode != 0:
        raise SynthError((errors or output).strip() or f"{app} ended with status {process.returncode}")


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
