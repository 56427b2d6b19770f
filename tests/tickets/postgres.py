"""A throw-away PostgreSQL for tests and measurements: a cluster of its own in a folder of its own, reached only
through a socket in that folder, which nobody but its owner (and root) can enter. It disturbs no server of the machine,
and it is gone when the block ends.

PostgreSQL refuses to run as root, so root starts it as `postgres` or, where there is none, as `nobody`. Databases are
copies of one that was migrated once: a new one takes some 30 ms.
"""

import argparse
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tickets.store.migrate import upgrade

START_WAIT = 30.0
STOP_WAIT = 20.0
OWNER = "hotline"
TEMPLATE = "hotline_template"
_PR_SET_PDEATHSIG = 1  # prctl(2)

# What tests may give up: a machine that dies under a test loses nothing.
_UNSAFE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")


class NoPostgres(RuntimeError):
    """There is no PostgreSQL server here, or it did not start."""


def server_programs() -> Path | None:
    """The folder with `initdb` and `postgres`; the newest where there are several."""
    on_path = shutil.which("postgres")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Cluster:
    """A running server. `url(name)` names a database of it, `fresh()` makes a migrated one."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._count = itertools.count(1)
        self._template = False

    def url(self, name: str) -> str:
        return f"postgresql://{OWNER}@/{name}?host={self._folder}"

    def fresh(self) -> str:
        """The URL of a new database with the newest tables."""
        if not self._template:
            self.sql(f"CREATE DATABASE {TEMPLATE}")
            upgrade(self.url(TEMPLATE))
            self._template = True
        name = f"tickets_{next(self._count)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return self.url(name)

    def empty(self) -> str:
        """The URL of a new database without tables."""
        name = f"tickets_{next(self._count)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.sql(f"DROP DATABASE {url.split('/')[3].split('?')[0]} WITH (FORCE)")

    def sql(self, statement: str) -> str:
        """Runs a statement as the owner; what it printed."""
        where = ("-h", self._folder, "-U", OWNER, "-d", "postgres")
        plain = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")
        return _run([self._programs / "psql", *where, *plain, "-c", statement], self._folder)


@contextmanager
def cluster(*, safe: bool = False, options: Sequence[str] = ()) -> Iterator[Cluster]:
    """Runs a server while the block runs. `safe` keeps fsync and everything else that a commit promises.

    Raises NoPostgres where none is installed or it does not start.
    """
    programs = server_programs()
    if programs is None:
        raise NoPostgres("PostgreSQL's server is not installed; `make setup` installs it (package postgresql)")
    user = _unprivileged()
    # Not below pytest's folders: those are closed to everybody but their owner.
    with tempfile.TemporaryDirectory(prefix="hotline-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        kind = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", *(() if safe else ("--no-sync",)))
        _run([programs / "initdb", "-D", data, "-U", OWNER, *kind], folder, user)
        given = (
            "listen_addresses=",
            f"unix_socket_directories={folder}",
            "unix_socket_permissions=0700",
            "max_connections=200",
            "shared_buffers=64MB",
            *(() if safe else _UNSAFE),
            *options,
        )
        command = [str(programs / "postgres"), "-D", str(data), *(part for each in given for part in ("-c", each))]
        with (folder / "server.log").open("wb") as log:
            server = _start(command, folder, log.fileno(), user)
        running = Cluster(programs, folder)
        try:
            _await(server, running, folder)
            yield running
        finally:
            _stop(server)


def _start(command: Sequence[str], folder: Path, log: int, user: pwd.struct_passwd | None) -> "subprocess.Popen[bytes]":
    def with_parent() -> None:
        # A killed test run takes its server with it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)

    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        preexec_fn=with_parent,
        start_new_session=True,
        **_as(user),
    )


def _await(server: "subprocess.Popen[bytes]", running: Cluster, folder: Path) -> None:
    deadline = time.monotonic() + START_WAIT
    while True:
        try:
            running.sql("SELECT 1")
        except NoPostgres:
            if server.poll() is not None or time.monotonic() > deadline:
                words = (folder / "server.log").read_text("utf-8", "replace")[-2000:]
                raise NoPostgres(f"PostgreSQL did not start: {words}") from None
            time.sleep(0.02)
        else:
            return


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGINT)  # "fast": ends the sessions and stops in order
    try:
        server.wait(STOP_WAIT)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(STOP_WAIT)


def _run(command: Sequence[object], folder: Path, user: pwd.struct_passwd | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False, **_as(user)
    )
    if done.returncode != 0:
        raise NoPostgres(f"{Path(str(command[0])).name} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout.strip()


def _unprivileged() -> pwd.struct_passwd | None:
    """Who runs the server when this process is root; None when it is not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _as(user: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def main() -> None:
    """`python -m tests.tickets.postgres`: prints the URL of a new database and serves it until standard input ends."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--unsafe", action="store_true", help="without fsync; never for a measurement of writes")
    safe = not parser.parse_args().unsafe
    with cluster(safe=safe) as running:
        print(running.fresh(), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
