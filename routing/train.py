"""`python -m routing.train [OUT] [--only categories|danger]`: builds models from `routing/data`, figures as JSON."""

import argparse
import json
import sys
from pathlib import Path

from routing.errors import DataError
from routing.router import DATA_DIR, MODEL_DIR
from routing.training import PARTS, train


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m routing.train", description="Build the models from routing/data.")
    parser.add_argument("out", nargs="?", type=Path, default=MODEL_DIR, help="folder of the models")
    parser.add_argument("--only", choices=PARTS, help="build this model alone")
    options = parser.parse_args(arguments)
    try:
        figures = train(DATA_DIR, options.out, (options.only,) if options.only else PARTS)
    except DataError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    sys.stdout.write(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
