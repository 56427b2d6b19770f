"""`kill -9` at random points of saving and sending: what was acknowledged is there exactly once."""

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ivr.outbox.spool import Spool

RUNS = 200

CHILD = '''
"""A node that saves and sends as fast as it can; says what it has acknowledged, and dies where it is told.

Dying is by a signal to itself just before the n-th step that changes the disk, so that every step is hit."""

import asyncio, json, os, signal, sys
from datetime import UTC, date, datetime
from pathlib import Path

folder, service, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])


def main(run: int, steps: int) -> None:
    from ivr.dialogue.request import Completeness, Request, Spoken
    from ivr.outbox.numbering import Numbering
    from ivr.outbox.outbox import CallFacts, Outbox
    from ivr.outbox.relay import Relay, RelayLimits
    from ivr.outbox.spool import Spool

    left = [steps]

    def deadly(real):
        def step(*arguments, **more):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)
        return step

    for name in ("replace", "fsync", "open"):
        setattr(os, name, deadly(getattr(os, name)))

    class Service:
        """Commits to a file of its own, then may lose the answer by dying."""

        async def open_ticket(self, key, body):
            with service.open("a") as file:
                file.write(json.dumps([key, body["number"]]) + "\\n")
            return {"number": body["number"]}

    async def work() -> None:
        spool = Spool(folder / "outbox")
        relay = Relay(spool, Service(), RelayLimits(), lambda: 0.0)
        outbox = Outbox(spool, Numbering(folder / "numbers.json", 1, lambda: date(2026, 11, 22)), relay)
        request = Request(spoken=(Spoken("x", 0.0, 1.0, None),))
        for call in range(50):
            facts = CallFacts(f"{run}.{call}", "", 1, datetime.now(UTC), "", "12345")
            number = await outbox.save(facts, request, Completeness.COMPLETE)
            os.write(1, f"{facts.id}:1 {number}\\n".encode())
            if call % 2:
                await relay.deliver()

    asyncio.run(work())


# One warm interpreter forks a child for each run: an import each would take minutes.
import random
import ivr.outbox.outbox
chance = random.Random(seed)
for run in range(1, int(sys.argv[4]) + 1):
    steps = chance.randrange(1, 60)
    child = os.fork()
    if child == 0:
        main(run, steps)
        os._exit(3)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "a child came to its end without being killed"
'''


@pytest.mark.fault("F27")
def test_what_was_acknowledged_before_a_kill_is_there_exactly_once(tmp_path: Path) -> None:
    service = tmp_path / "service.jsonl"
    service.touch()
    seed = random.randrange(2**32)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(service), str(seed), str(RUNS)],
        capture_output=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    ledger = dict(line.split() for line in done.stdout.decode().splitlines())
    taken = {tuple(json.loads(line)) for line in service.read_text().splitlines()}
    spool = Spool(tmp_path / "outbox")
    kept = {(item.key, item.number) for item in spool.pending()}
    known = taken | kept
    assert len(ledger) > RUNS, f"seed {seed}"
    assert set(ledger.items()) <= known, f"seed {seed}: acknowledged and lost"
    numbers = Counter(number for _, number in known)
    assert max(numbers.values()) == 1, f"seed {seed}: one number for two requests"
    keys = Counter(key for key, _ in known)
    assert max(keys.values()) == 1, f"seed {seed}: two numbers for one request"
    assert spool.quarantined() == 0
