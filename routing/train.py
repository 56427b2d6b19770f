"""`python -m routing.train [OUT]`: builds the models from `routing/data` and prints the figures seen, as JSON."""

import json
import sys
from pathlib import Path

from routing.errors import DataError
from routing.router import DATA_DIR, MODEL_DIR
from routing.training import train


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.stderr.write("usage: python -m routing.train [OUT_DIR]\n")
        return 2
    try:
        figures = train(DATA_DIR, Path(arguments[0]) if arguments else MODEL_DIR)
    except DataError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    sys.stdout.write(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
