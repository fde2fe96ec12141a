"""`cdk.json` read: the app to run, and the context that it gets."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.errors import LocalAwsError

_SETTINGS = "copytrail"


class SynthError(LocalAwsError):
    """`cdk.json` cannot be used, or the app stopped; the message says why, or is the app's own."""

    exit_code = 2


@dataclass(frozen=True)
class CdkJson:
    """The app's command, as words, and its context."""

    command: tuple[str, ...]
    context: Mapping[str, Any]


def read(file: Path, overrides: Mapping[str, Any]) -> CdkJson:
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
    settings = context.get(_SETTINGS)
    merged = {_SETTINGS: _merged(settings, overrides)} if isinstance(settings, dict) else {}
    return CdkJson(_command(content.get("app")), {**context, **merged})


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


def _merged(settings: Any, overrides: Any) -> Any:
    if not isinstance(settings, Mapping) or not isinstance(overrides, Mapping):
        return overrides
    together = {**settings, **{key: _merged(settings.get(key), value) for key, value in overrides.items()}}
    return {key: value for key, value in together.items() if value is not None}


def _unusable(problem: str) -> SynthError:
    return SynthError(f"cdk.json cannot be used: {problem}")
