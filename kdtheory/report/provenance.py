"""Where a report comes from: what would have to be run again to get the same numbers."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from kdtheory import __version__
from kdtheory.problems.datasets import BUNDLED, bundled

Fact = tuple[str, str]


def provenance(command: Sequence[str], sources: Sequence[str], *, seed: int) -> list[Fact]:
    """(what, value): command, version, seed, date, machine, and a hash of every data set."""
    facts = [
        ("command", shlex.join(command)),
        ("version", f"kdtheory {__version__}"),
        ("seed", str(seed)),
        ("date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        (
            "run by",
            f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()},"
            f" {os.cpu_count()} cores",
        ),
    ]
    return facts + [(f"data: {source}", _hash(source)) for source in sources]


def _hash(source: str) -> str:
    if source in BUNDLED:
        problem = bundled(source)
        digest = hashlib.sha256()
        for array in (problem.features, problem.gradients(np.zeros(problem.dim))):
            digest.update(np.ascontiguousarray(array).tobytes())
        return f"SHA-256 {digest.hexdigest()[:16]} of features and gradients at 0"
    return f"SHA-256 {hashlib.sha256(Path(source).read_bytes()).hexdigest()[:16]} of the file"
