"""PyTorch, batched over replicates, without gradients: in eager mode, or a block of steps compiled
to C++ by ``torch.compile``.
"""

from __future__ import annotations

from collections.abc import Callable
from shutil import which

import numpy as np
import torch

from benchmarks.peers.case import Case

# Calls are dear for small states, memory for large ones; the fastest is taken.
FORMS = ("eager", "compiled") if which("g++") else ("eager",)
BLOCK = 10  # steps compiled together; 50 take half a minute to compile and are slower


def prepare(case: Case, form: str) -> Callable[[], np.ndarray]:
    """One of ``FORMS``."""
    features, c = (
        torch.from_numpy(case.features),
        torch.from_numpy(case.targets + case.weight * case.taught),
    )
    best, start = torch.from_numpy(case.best), torch.from_numpy(case.x0)
    return {"eager": _eager, "compiled": _compiled}[form](case, features, c, best, start)


def _eager(
    case: Case, features: torch.Tensor, c: torch.Tensor, best: torch.Tensor, start: torch.Tensor
) -> Callable[[], np.ndarray]:
    """In place; one step is four kernels."""

    @torch.no_grad()
    def run() -> np.ndarray:
        generator, curve = (
            torch.Generator().manual_seed(1),
            torch.zeros(case.steps // case.every + 1, dtype=torch.float64),
        )
        x = start.repeat(case.replicates, 1)
        for t in range(case.steps + 1):
            if t % case.every == 0:
                curve[t // case.every] = (x - best).square().sum() / case.replicates
            if t % 64 == 0:
                drawn = torch.randint(len(c), (64, case.replicates), generator=generator)
            i = drawn[t % 64]
            rows = features.index_select(0, i)
            z = (rows * x).sum(1).sub_(c[i]).mul_(-case.gamma)
            x.addcmul_(rows, z[:, None])
        return curve.numpy()

    return run


def _compiled(
    case: Case, features: torch.Tensor, c: torch.Tensor, best: torch.Tensor, start: torch.Tensor
) -> Callable[[], np.ndarray]:
    """Blocks of steps, the recording included."""
    block = case.every * max(1, BLOCK // case.every)
    # each case is compiled anew, and the number of versions of one function is limited
    torch.compiler.reset()

    @torch.compile(fullgraph=True, dynamic=False)
    def advance(x: torch.Tensor, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        squares = []
        for k in range(block):
            if k % case.every == 0:
                squares.append((x - best).square().sum())
            rows = features[indices[k]]
            x = x - case.gamma * ((rows * x).sum(1) - c[indices[k]])[:, None] * rows
        return x, torch.stack(squares)

    @torch.no_grad()
    def run() -> np.ndarray:
        generator, x, found = torch.Generator().manual_seed(1), start.repeat(case.replicates, 1), []
        for indices in torch.randint(
            len(c), (case.steps // block, block, case.replicates), generator=generator
        ):
            x, squares = advance(x, indices)
            found.append(squares)
        return (torch.cat([*found, (x - best).square().sum()[None]]) / case.replicates).numpy()

    return run
