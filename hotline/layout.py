"""Where the project's own files lie: beside the packages in a checkout, else in the installation's share folder."""

import sys
from pathlib import Path

from hotline.errors import HotlineError


def asterisk_folder() -> Path:
    """The folder with `conf/`, `sounds/` and `agi-bin/`. Raises HotlineError when it is nowhere."""
    candidates = (Path(__file__).resolve().parent.parent / "asterisk", Path(sys.prefix) / "share/hotline/asterisk")
    for folder in candidates:
        if (folder / "conf" / "extensions.conf").is_file():
            return folder
    looked = " and ".join(str(each) for each in candidates)
    raise HotlineError(f"the dialplan and sounds should be in {looked}, but are in neither; install the package again")


def shipped_sounds() -> Path:
    """The folder of the prompts' audio."""
    return asterisk_folder() / "sounds" / "zh" / "hotline"
