"""The `hotline` command. Every command keeps to one habit: data on standard output (JSON with `--json`), words about it
on standard error, exit status 0 for ok, 1 for a finding or a failure, 2 for wrong use; never a traceback.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hotline.cli import call, doctor, models, parts, prompts, route, run, speech
from hotline.cli.common import Context
from hotline.errors import HotlineError

app = typer.Typer(
    name="hotline",
    help="12345 政务服务热线：电话接听、离线语音识别、分类派单、110 三方通话与工单。",
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
    context.obj = Context(config)


for module in (run, call, route, speech, models, prompts, doctor, parts):
    module.register(app)


def main() -> None:
    """Entry point."""
    try:
        app()
    except HotlineError as exc:
        print(f"hotline: {exc}", file=sys.stderr)
        sys.exit(exc.exit_code)
    except BrokenPipeError:
        sys.exit(0)
