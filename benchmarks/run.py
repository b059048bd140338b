"""Every benchmark: `python benchmarks/run.py`, or `make bench`.  Peers are installed into a virtual
environment of their own.

`--quick` is a first look.  Options after `--` go to each benchmark (`-- --rounds 3 --clock cpu`).
Files benchmarks/bench_*.py are run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = [
    "jax",
    "torch==2.13.0",
    "pepit",
    "autolyap",
]  # an open torch would fetch gigabytes of GPU libraries
# A setting for older OpenBLAS builds on new processors slows a current NumPy down, and would
# flatter us.
UNWANTED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def prepare(folder: Path) -> Path:
    """The environment's Python; made and filled on first use.  A peer that does not install is said
    and left out.
    """
    # Written last, so that an interrupted installation is begun again.
    python, ready = (
        folder / "bin" / "python",
        folder / "ready",
    )
    if not ready.exists():
        if not python.exists():
            venv.create(folder, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, "--editable", f"{ROOT}[all]"], check=True)
        for peer in PEERS:
            if subprocess.run([*install, peer], check=False).returncode:
                print(f"{peer} does not install here: it is left out.", file=sys.stderr)
        ready.touch()
    return python


def main() -> int:
    """Exit code 1 when a benchmark fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", help="names, without bench_ and .py")
    parser.add_argument(
        "--quick", action="store_true", help="smaller and fewer measurements, a few minutes in all"
    )
    parser.add_argument(
        "--venv", type=Path, default=ROOT / ".venv-bench", help="where the peers live"
    )
    parser.add_argument("rest", nargs="*", help="after --: options for each benchmark")
    options = parser.parse_args()
    python = prepare(options.venv)
    rest = [*(["--quick"] if options.quick else []), *options.rest]
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    print(
        f"cores: {os.cpu_count()} | load: {os.getloadavg()[0]:.1f} (others on the machine disturb"
        " wall times: use -- --clock cpu)",
        flush=True,
    )
    failed = []
    for path in sorted(ROOT.glob("benchmarks/bench_*.py")):
        name = path.stem.removeprefix("bench_")
        if options.only and name not in options.only:
            continue
        print(f"\n== {name}", flush=True)
        done = subprocess.run(
            [str(python), "-m", f"benchmarks.{path.stem}", *rest],
            cwd=ROOT,
            env=environment,
            check=False,
        )
        failed += [f"{name} (exit code {done.returncode})"] if done.returncode else []
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
