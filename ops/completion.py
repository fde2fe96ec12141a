"""Owns `copytrail completion`: what lets a shell complete commands, options and their values."""

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")
_EXAMPLES = """\b
Examples, once for each machine:
  $ echo 'eval "$(copytrail completion bash)"' >> ~/.bashrc
  $ echo 'eval "$(copytrail completion zsh)"' >> ~/.zshrc
  $ copytrail completion fish > ~/.config/fish/completions/copytrail.fish
"""


@click.command(short_help="Print what lets a shell complete commands.", epilog=_EXAMPLES)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete copytrail's commands, options and values.

    A shell that is started after the script was added completes them: bash 4.4 or newer, zsh (after compinit) and
    fish. `copytrail` must be on its PATH.
    """
    root = ctx.find_root()
    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"click does not know how {shell} completes")
    name = root.info_name or "copytrail"
    click.echo(script(root.command, {}, name, f"_{name.upper()}_COMPLETE").source())
