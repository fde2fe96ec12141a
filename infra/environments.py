"""Environments: settings files that extend one another, the first of them cdk.json, merged into one set of settings.

`environments/NAME.json` holds what is different there, as `copytrail` in cdk.json would have it, and in `extends` the
name of the environment that it starts from; without that, it starts from cdk.json.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.bundling import ROOT
from infra.settings.stack import Settings
from infra.validation import CONTEXT_KEY, read_settings
from shared.errors import ConfigurationError

# The context by which the CDK hands the name over: `cdk deploy --context environment=NAME`.
NAME_KEY = "environment"
FOLDER = "environments"
CDK_JSON = "cdk.json"
_EXTENDS = "extends"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# Where a problem is, as its sentence begins: copytrail.routes[0].prefixes
_PLACE = re.compile(rf"{CONTEXT_KEY}((?:\.[\w-]+|\[\d+\])*)")


@dataclass(frozen=True)
class SettingsFile:
    """The settings that a file has of its own, and the file's name as a person writes it."""

    path: str
    settings: Mapping[str, Any]


def settings_here(context: str) -> Settings:
    """The settings of this checkout for what the CDK's `--context` says: `environment=NAME`, or nothing.

    Raises:
        ConfigurationError: naming every problem, each with its file.
    """
    try:
        base = json.loads((ROOT / CDK_JSON).read_text(encoding="utf-8"))["context"][CONTEXT_KEY]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(CDK_JSON, [f"there are no settings in it: {error}"]) from error
    return read_environment(context.removeprefix(f"{NAME_KEY}="), ROOT, base)


def read_environment(name: str, root: Path, base: object) -> Settings:
    """The settings of an environment.

    Args:
        name: that of its file; empty: cdk.json is all there is.
        root: the folder of cdk.json.
        base: the context object in cdk.json.

    Raises:
        ConfigurationError: naming every problem, each with its file.
    """
    if not name:
        return read_settings(base)
    files = _files(name, root, base)
    path = files[0].path
    try:
        settings = read_settings(_together(files))
    except ConfigurationError as error:
        raise ConfigurationError(path, [f"{_origin(each, files)}: {each}" for each in error.problems]) from error
    if twins := _of_the_same_name(settings.stack_name, name, root, base):
        named = f"{path}: {CONTEXT_KEY}.stackName is '{settings.stack_name}', as that of"
        otherwise = "to deploy the one would change the other; each has a stackName of its own"
        raise ConfigurationError(path, [f"{named} {twin} is: {otherwise}" for twin in twins])
    return settings


def merged(settings: Any, changes: Any) -> Any:
    """Settings with others on top: objects key by key, all else replaced; null takes a setting back to its default."""
    if not isinstance(settings, Mapping) or not isinstance(changes, Mapping):
        return changes
    together = {**settings, **{key: merged(settings.get(key), value) for key, value in changes.items()}}
    return {key: value for key, value in together.items() if value is not None}


def _files(name: str, root: Path, base: object) -> list[SettingsFile]:
    """The files that an environment's settings are in, its own first and cdk.json last."""
    files: list[SettingsFile] = []
    names = [name]
    while True:
        content = _content(names[-1], root, by=files[-1].path if files else None)
        path = _path(names[-1])
        extended = content.pop(_EXTENDS, None)
        files.append(SettingsFile(path, content))
        if extended is None:
            break
        if not isinstance(extended, str):
            raise ConfigurationError(path, [f"{path}: {_EXTENDS} must be the name of an environment, a text"])
        if extended in names:
            circle = " → ".join([*names[names.index(extended) :], extended])
            raise ConfigurationError(path, [f"{path}: environments extend one another in a circle: {circle}"])
        names.append(extended)
    return [*files, SettingsFile(CDK_JSON, base if isinstance(base, Mapping) else {})]


def _content(name: str, root: Path, *, by: str | None) -> dict[str, Any]:
    path = _path(name)
    asked = f"{by} extends '{name}'" if by else f"ENV is '{name}'"
    if not _NAME.fullmatch(name):
        raise ConfigurationError(path, [f"{asked}: an environment's name is letters, digits, hyphens and underscores"])
    try:
        content = json.loads((root / path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        there = ", ".join(_names(root)) or "none"
        problem = f"{asked}, and there is no {path}; environments that are there: {there}"
        raise ConfigurationError(path, [problem]) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(path, [f"{path} cannot be read: {error}"]) from error
    if not isinstance(content, dict):
        raise ConfigurationError(path, [f"{path} must be a JSON object, of settings"])
    return content


def _together(files: Sequence[SettingsFile]) -> Any:
    settings: Any = {}
    for file in reversed(files):
        settings = merged(settings, file.settings)
    return settings


def _origin(problem: str, files: Sequence[SettingsFile]) -> str:
    """The file in which the setting of a problem is: the last one that has it, or else what it would be in."""
    found = _PLACE.match(problem)
    steps = re.findall(r"[\w-]+", found[1]) if found else []
    for depth in range(len(steps), 0, -1):
        for file in files:
            if _has(file.settings, steps[:depth]):
                return file.path
    return files[0].path


def _has(settings: Any, steps: Sequence[str]) -> bool:
    for step in steps:
        if isinstance(settings, Mapping) and step in settings:
            settings = settings[step]
        elif isinstance(settings, list) and step.isdecimal() and int(step) < len(settings):
            settings = settings[int(step)]
        else:
            return False
    return True


def _of_the_same_name(stack_name: str, name: str, root: Path, base: object) -> list[str]:
    """The other files whose stack is called so. One that cannot be used is not deployed either."""
    twins = [CDK_JSON] if _stack_name(base) == stack_name else []
    for other in _names(root):
        try:
            if other != name and _stack_name(_together(_files(other, root, base))) == stack_name:
                twins.append(_path(other))
        except ConfigurationError:
            continue
    return twins


def _stack_name(settings: Any) -> str:
    default: str = Settings.model_fields["stack_name"].default
    return settings.get("stackName", default) if isinstance(settings, Mapping) else default


def _names(root: Path) -> list[str]:
    return sorted(file.stem for file in (root / FOLDER).glob("*.json"))


def _path(name: str) -> str:
    return f"{FOLDER}/{name}.json"
