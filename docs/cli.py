"""Owns how `docs/cli.md` is written: what each command's `--help` says, one after the other."""

from collections.abc import Iterator
from pathlib import Path

import click

from ops.cli import cli

Command = tuple[str, click.Command, click.Context]

PAGE = Path(__file__).with_suffix(".md")

# What a terminal of 80 characters shows: click leaves two of them free.
_WIDTH = 78
_HEAD = """\
# The command line

What `--help` says of each command. `make docs` writes this page, and a test compares the two.
"""


def page() -> str:
    """The page, as Markdown."""
    commands = list(walk())
    contents = "\n".join(f"- [`{path}`](#{_anchor(path)})" for path, _, _ in commands)
    return "\n".join([_HEAD, contents, *map(_section, commands)])


def walk() -> Iterator[Command]:
    """Every command, each group before its own: what a person types, the command, and its context."""
    yield from _below("copytrail", cli, None)


def _below(name: str, command: click.Command, parent: click.Context | None) -> Iterator[Command]:
    context = command.make_context(name, [], parent, resilient_parsing=True, terminal_width=_WIDTH)
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for of_group in command.list_commands(context):
            found = command.get_command(context, of_group)
            if found and not found.hidden:
                yield from _below(of_group, found, context)


def _section(found: Command) -> str:
    path, _, context = found
    return f"\n## {path}\n\n```\n{context.get_help().rstrip()}\n```"


def _anchor(heading: str) -> str:
    # As GitHub makes them.
    return heading.lower().replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page() + "\n")
