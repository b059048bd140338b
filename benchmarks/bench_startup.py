"""How long a user waits before anything happens: the bare interpreter, ``import kdtheory``,
``kdtheory --help``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import Times, arguments, parsed, spread, table


def launched(commands: dict[str, list[str]], rounds: int, clock: str) -> Times:
    """Seconds from start to end of each command, in turns; "cpu" counts the command's own processor
    time, which a busy machine disturbs less.
    """

    def now() -> float:
        spent = os.times()
        return (
            spent.children_user + spent.children_system if clock == "cpu" else time.perf_counter()
        )

    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, line in commands.items():
            begin = now()
            subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
            found[name].append(now() - begin)
    return {name: np.array(times) for name, times in found.items()}


def main() -> None:
    """One table."""
    options = parsed(arguments(__doc__, rounds=25))
    commands = {
        "bare interpreter": [sys.executable, "-c", "pass"],
        "import kdtheory": [sys.executable, "-c", "import kdtheory"],
        "kdtheory --help": [str(Path(sys.executable).parent / "kdtheory"), "--help"],
    }
    times = launched(commands, max(5, options.rounds), options.clock)
    rows = [
        [
            name,
            f"{1e3 * np.median(found):.0f} {spread(found)}",
            f"{1e3 * found.min():.0f}",
            f"{1e3 * np.median(found - times['bare interpreter']):+.0f}",
        ]
        for name, found in times.items()
    ]
    table(
        f"Start-up ({options.clock} time; goals: import within 10 ms of the bare interpreter,"
        " --help in 150 ms)",
        ["", "ms", "least ms", "beyond the interpreter"],
        rows,
    )


if __name__ == "__main__":
    main()
