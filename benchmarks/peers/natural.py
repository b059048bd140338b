"""The natural C program, compiled with -O3 -march=native -ffast-math."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.peers.case import Case


@cache
def _library() -> ctypes.CDLL:
    folder = tempfile.mkdtemp()
    target = Path(folder) / "natural.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run(
        [
            "gcc",
            "-O3",
            "-march=native",
            "-ffast-math",
            "-shared",
            "-fPIC",
            str(source),
            "-o",
            str(target),
        ],
        check=True,
    )
    library = ctypes.CDLL(str(target))
    library.sgd.argtypes = (
        [ctypes.c_void_p] * 5
        + [ctypes.c_long] * 5
        + [ctypes.c_double] * 2
        + [ctypes.c_uint64, ctypes.c_void_p]
    )
    return library


def prepare(case: Case) -> Callable[[], np.ndarray]:
    """Runs the C function."""
    library, curve = _library(), np.empty(case.steps // case.every + 1)
    arrays = [
        np.ascontiguousarray(a)
        for a in (case.features, case.targets, case.taught, case.best, case.x0)
    ]
    n, d = case.features.shape

    def run() -> np.ndarray:
        library.sgd(
            *(a.ctypes.data for a in arrays),
            n,
            d,
            case.replicates,
            case.steps,
            case.every,
            case.gamma,
            case.weight,
            1,
            curve.ctypes.data,
        )
        return curve

    return run
