"""Give up root, tie one's life to the parent's, then become the given program.

Run as a script by `AsteriskProcess`: `python shim.py PARENT-PID UID GID PROGRAM ARGUMENT…` (UID -1: stay who we are).
The order matters: Linux forgets the parent-death signal when the user id changes (prctl(2), PR_SET_PDEATHSIG), and a
parent that died before the call would never be noticed, so its id is compared afterwards.
"""

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def main(arguments: list[str]) -> int:
    """Never returns when all goes well; otherwise the exit status, with one line on standard error."""
    parent, uid, gid, *command = arguments
    try:
        if int(uid) >= 0:
            os.setgroups([])
            os.setresgid(int(gid), int(gid), int(gid))
            os.setresuid(int(uid), int(uid), int(uid))
        os.umask(0o027)
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != int(parent):
            return 1
        os.execv(command[0], command)  # noqa: S606 - the very purpose of this file
    except OSError as exc:
        sys.stderr.write(f"cannot start {command[0]}: {exc.strerror}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
