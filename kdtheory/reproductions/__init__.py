"""The paper's experiments again, small, on data that packages carry: what is claimed, what is seen,
and by how much.

One file per experiment, ``r1.py`` to ``r12.py``, each with ``TITLE``, ``CLAIM`` and ``run(seed)``,
which returns a Reproduction.  It fails when a measured number leaves its expected interval; every
interval says where it comes from: theory, or the spread over seeds.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from kdtheory.errors import unknown_name
from kdtheory.problems.base import positive_int
from kdtheory.reproductions.result import Reproduction

NAMES = ("R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12")


def experiment(name: str) -> ModuleType:
    """The module of one experiment, with ``TITLE``, ``CLAIM`` and ``run``; ``InvalidInput`` for
    another name.
    """
    if name not in NAMES:
        raise unknown_name("reproduction", name, NAMES)
    return import_module(f"kdtheory.reproductions.{name.lower()}")


def reproduce(name: str, *, seed: int = 0) -> Reproduction:
    """Run one experiment ("R1" ... "R12") with a seed.

    Raises:
        InvalidInput: an unknown name, a seed that is no whole number >= 0.  MissingTool: R7 without
            mlxtend.
    """
    from threadpoolctl import threadpool_limits

    # One BLAS thread: the matrices are small, more threads cost time on a busy machine and move the
    # last digits.
    with threadpool_limits(limits=1):
        result: Reproduction = experiment(name).run(positive_int(seed, "seed", minimum=0))
    return result
