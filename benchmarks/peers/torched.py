"""PyTorch, batched over replicates, in place, without gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from benchmarks.peers.case import Case


def prepare(case: Case) -> Callable[[], np.ndarray]:
    """Eager mode: one step is four kernels."""
    features, c = torch.from_numpy(case.features), torch.from_numpy(case.targets + case.weight * case.taught)
    best, start = torch.from_numpy(case.best), torch.from_numpy(case.x0)

    @torch.no_grad()
    def run() -> np.ndarray:
        generator, curve = torch.Generator().manual_seed(1), torch.zeros(case.steps // case.every + 1, dtype=torch.float64)
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
