"""The writer of `docs/cli.md`: what `--help` says of each command, exit codes, and the fields of all JSON."""

from collections.abc import Iterator
from pathlib import Path

import click

from docs.json_fields import PRINTED, Type, anchor, link, name_of, table, types_of
from ops.cli import cli
from ops.errors import MEANINGS_OF_EXIT_CODES

Command = tuple[str, click.Command, click.Context]

PAGE = Path(__file__).with_suffix(".md")

# What a terminal of 80 characters shows: click leaves two of them free.
_WIDTH = 78
_HEAD = """\
# The command line

What `--help` says of each command, the exit codes, and what `--json` prints. `make docs` writes this page out of the
commands themselves, and a test compares the two.
"""
_JSON = """
## JSON

With `--json`, each line is one object. Names are PascalCase, as in the records; what is not known, or does not apply,
is left out, never null. Sizes are bytes, moments UTC in ISO-8601 with milliseconds, ages seconds. A name means the same
wherever it stands.
"""


def page() -> str:
    """The page, as Markdown."""
    commands = list(walk())
    contents = "\n".join(f"- [`{path}`](#{anchor(path)})" for path, _, _ in commands)
    parts = [
        _HEAD,
        contents,
        "- [Exit codes](#exit-codes)\n- [JSON](#json)",
        *map(_section, commands),
        _exit_codes(),
        _JSON,
    ]
    return "\n".join([*parts, *map(_type, types_of(each for printed in PRINTED.values() for each in printed))])


def walk(
    name: str = "copytrail", command: click.Command = cli, parent: click.Context | None = None
) -> Iterator[Command]:
    """A command and all below it, each group before its own: what a person types, the command, and its context."""
    context = command.make_context(name, [], parent, resilient_parsing=True, terminal_width=_WIDTH)
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for of_group in command.list_commands(context):
            found = command.get_command(context, of_group)
            if found and not found.hidden:
                yield from walk(of_group, found, context)


def _section(found: Command) -> str:
    path, _, context = found
    printed = f"\n\n`--json`: {', '.join(map(link, PRINTED[path]))}" if path in PRINTED else ""
    return f"\n## {path}\n\n```\n{context.get_help().rstrip()}\n```{printed}"


def _exit_codes() -> str:
    lines = [f"| {code} | {meaning} |" for code, meaning in MEANINGS_OF_EXIT_CODES.items()]
    return "\n".join(["\n## Exit codes\n", "| code | meaning |", "|---|---|", *lines])


def _type(type_: Type) -> str:
    return f"\n### {name_of(type_)}\n\n{table(type_)}"


if __name__ == "__main__":
    PAGE.write_text(page() + "\n")
