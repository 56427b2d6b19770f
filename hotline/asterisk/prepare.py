"""Write Asterisk's configuration for an Asterisk that somebody else starts: another container, or a system service.

`python -m hotline.asterisk.prepare --modules DIR --data DIR` takes the same settings as `hotline run` and prints the
folder it wrote. The two directories are those of the Asterisk that will read it, and need not exist here.
"""

import argparse
import sys
from pathlib import Path

from hotline.asterisk.process import AsteriskError
from hotline.asterisk.tree import AsteriskProgram
from hotline.asterisk_part import render_for
from hotline.errors import HotlineError
from hotline.settings import load


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 and the folder on standard output, or 1 and one message on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m hotline.asterisk.prepare", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--modules", type=Path, required=True, help="the other Asterisk's module folder")
    parser.add_argument("--data", type=Path, required=True, help="its data folder, which holds `documentation`")
    parser.add_argument("--binary", type=Path, default=Path("/usr/sbin/asterisk"), help="its program")
    parser.add_argument("--config", type=Path, default=None, help="configuration file, as for `hotline run`")
    options = parser.parse_args(arguments)
    program = AsteriskProgram((str(options.binary),), options.modules, options.data, "unknown", "system")
    try:
        folder = render_for(load(options.config), program)
    except (HotlineError, AsteriskError, OSError) as exc:
        print(f"hotline: {exc}", file=sys.stderr)
        return 1
    print(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
