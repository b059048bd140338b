"""A campaign under real kills: SIGKILL for the driver or one of its workers at random moments,
again and again, until it is complete.

``python -m kdtheory.checks.kills --kills 50`` prints what was killed and whether the store equals
that of an undisturbed run.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kdtheory.campaigns import campaign

RUN = "import sys; from kdtheory.cli import main; sys.exit(main(sys.argv[1:]))"


def start(store: Path, instances: int) -> subprocess.Popen[bytes]:
    """A campaign with two workers in a process of its own."""
    words = [
        "campaign",
        "--store",
        str(store),
        "--instances",
        str(instances),
        "--workers",
        "2",
        "--json",
    ]
    return subprocess.Popen([sys.executable, "-c", RUN, *words], stdout=subprocess.DEVNULL)


def workers_of(pid: int) -> list[int]:
    """The worker processes of a driver (Linux): its children that are not Python's resource
    tracker.
    """
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [
            int(child)
            for child in children
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []


def contents(store: Path) -> tuple[list[Any], list[Any]]:
    """Blocks and results, in order: what must not depend on kills."""
    base = sqlite3.connect(store)
    try:
        blocks = base.execute("SELECT number, instances FROM blocks ORDER BY number").fetchall()
        return (
            blocks,
            base.execute(
                "SELECT block, theorem, violated, noisy, ratio FROM results ORDER BY block, theorem"
            ).fetchall(),
        )
    finally:
        base.close()


def _wait_for_blocks(store: Path, driver: subprocess.Popen[bytes], patience: float = 120.0) -> None:
    """Until the driver has written to the store once more: SQLite's log of it grows or is begun
    again.
    """
    log = store.with_name(store.name + "-wal")

    def written() -> tuple[float, int]:
        return (log.stat().st_mtime, log.stat().st_size) if log.exists() else (0.0, 0)

    before, end = written(), time.monotonic() + patience
    while written() == before and driver.poll() is None:
        if time.monotonic() > end:
            raise RuntimeError(f"No block was stored within {patience:g} s.")
        time.sleep(0.02)


def survive(
    folder: Path, *, kills: int, instances: int, seed: int = 0, pause: float = 1.0
) -> dict[str, Any]:
    """Kill ``kills`` times, each up to ``pause`` seconds after a block, run to the end, compare
    with an undisturbed run in this process.
    """
    rng = random.Random(seed)
    store, calm = folder / "killed.sqlite", folder / "calm.sqlite"
    killed = {"driver": 0, "worker": 0}
    stored = []
    while sum(killed.values()) < kills:
        driver = start(store, instances)
        if rng.random() < 0.8:  # one in five is killed while it starts
            _wait_for_blocks(store, driver)
        while sum(killed.values()) < kills:
            time.sleep(rng.uniform(0.0, pause))
            if driver.poll() is not None:
                raise RuntimeError(
                    f"The campaign ended before {kills} kills ({driver.returncode}): use more"
                    " instances."
                )
            workers = workers_of(driver.pid)
            if workers and rng.random() < 0.5:
                os.kill(rng.choice(workers), signal.SIGKILL)
                killed["worker"] += 1
                _wait_for_blocks(store, driver)  # the driver must replace it and go on
                continue
            killed["driver"] += 1
            break
        driver.kill()
        driver.wait()
        stored.append(len(contents(store)[0]) if store.exists() and store.stat().st_size else 0)
    code = start(store, instances).wait()
    if code:
        raise RuntimeError(f"The campaign of {store.name} ended with exit code {code}.")
    campaign(store=calm, instances=instances, workers=1)
    return {
        "killed": killed,
        "blocks stored at each kill of the driver": stored,
        "blocks": len(contents(calm)[0]),
        "equal": contents(store) == contents(calm),
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--instances", type=int, default=400_000)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(survive(Path(name), kills=asked.kills, instances=asked.instances))
