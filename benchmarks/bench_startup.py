"""How long a user waits before anything happens: the bare interpreter, ``import kdtheory``, ``kdtheory --help``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.measure import arguments, interleaved, parsed, spread, table


def main() -> None:
    """One table.  The clock is always wall time: the work is another process's."""
    options = parsed(arguments(__doc__, rounds=25))
    commands = {"bare interpreter": [sys.executable, "-c", "pass"], "import kdtheory": [sys.executable, "-c", "import kdtheory"],
                "kdtheory --help": [str(Path(sys.executable).parent / "kdtheory"), "--help"]}
    runs = {name: lambda line=line: subprocess.run(line, check=True, stdout=subprocess.DEVNULL) for name, line in commands.items()}
    times = interleaved(runs, rounds=max(5, options.rounds))
    rows = [[name, f"{1e3 * np.median(found):.0f} {spread(found)}", f"{1e3 * found.min():.0f}",
             f"{1e3 * np.median(found - times['bare interpreter']):+.0f}"] for name, found in times.items()]
    table("Start-up (wall time; goals: import within 10 ms of the bare interpreter, --help in 150 ms)",
          ["", "ms", "least ms", "beyond the interpreter"], rows)


if __name__ == "__main__":
    main()
