"""The `hotline` command. Every command keeps to one habit: data on standard output (JSON with `--json`), words about it
on standard error, exit status 0 for ok, 1 for a finding or a failure, 2 for wrong use; never a traceback.

A command's module is imported when the command is asked for: a child process of the supervisor, or a test that starts
many, should not wait for the recognisers and classifiers of the others.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from hotline.errors import HotlineError

COMMANDS: Final = {
    "run": "run",
    "fetch": "fetch",
    "call": "call",
    "route": "route",
    "transcribe": "speech",
    "speech": "speech",
    "models": "models",
    "prompts": "prompts",
    "report": "report",
    "db": "db",
    "doctor": "doctor",
    "bench": "bench",
    "asterisk": "part_asterisk",
    "ivr": "part_ivr",
    "tickets": "part_tickets",
    "standins": "part_standins",
    "speech-worker": "part_worker",
}
"""Each command and the module of `hotline.cli` that has it, in the order of `--help`."""


class LazyGroup(TyperGroup):
    """Finds commands by name and imports their modules then. Typer's own copy of Click has no public types."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        part = typer.Typer(rich_markup_mode=None)
        # A second entry keeps Typer from folding a module with one command into that command.
        part.callback()(lambda: None)
        import_module(f"hotline.cli.{module}").register(part)
        group: Any = typer.main.get_command(part)
        return group.commands[cmd_name]


app = typer.Typer(
    cls=LazyGroup,
    name="hotline",
    help="A 12345 hotline: calls answered, words recognised offline, tickets opened, danger bridged to 110.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def hotline(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", help="configuration file (TOML); default: hotline.toml here or in /etc")
    ] = None,
) -> None:
    """Remember where the configuration is; it is read by the commands that need it."""
    from hotline.cli.common import Context  # after Typer has seen that this is no --help

    context.obj = Context(config)


def main() -> None:
    """Entry point."""
    try:
        app(prog_name="hotline")
    except HotlineError as exc:
        print(f"hotline: {exc}", file=sys.stderr)
        sys.exit(exc.exit_code)
    except BrokenPipeError:
        sys.exit(0)
