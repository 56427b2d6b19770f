"""`hotline doctor`: checks everything a hotline needs, one line each, with the mend for what is wrong."""

import typer

from hotline.cli.common import AsJson, print_json, settings_of
from hotline.doctor import Status, examine
from hotline.errors import HotlineError

MARKS = {Status.OK: "✓", Status.WARNING: "!", Status.FAILED: "✗"}


def doctor(context: typer.Context, json_: AsJson = False) -> None:
    """Check dependencies, ports, permissions, models, prompts, calendar; exit 1 when something must be mended."""
    findings = examine(settings_of(context))
    if json_:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            print(f"{MARKS[finding.status]} {finding.name}: {finding.found}")
            if finding.mend:
                print(f"    mend: {finding.mend}")
    failed = [finding.name for finding in findings if finding.status is Status.FAILED]
    if failed:
        raise HotlineError(f"{len(failed)} of {len(findings)} checks failed: {', '.join(failed)}")


def register(app: typer.Typer) -> None:
    app.command()(doctor)
