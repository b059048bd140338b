"""What weight="auto" costs in training: the same loop with a fixed weight and with the automatic
one, in turns.

Run ``python -m kdtheory.checks.torch_overhead``.  CPU time of one thread, in turns, and medians: on
a shared machine wall time drifts by more than what is measured.  Both loops start from the same
student and see the same batches.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import nn

from kdtheory.torch import DistillationLoss

BATCH, WIDTHS, CLASSES = 128, (784, 256, 128), 10


class TinyNetwork(nn.Module):
    """A multilayer perceptron that also returns the input of its output layer."""

    def __init__(self, seed: int) -> None:
        """Three layers, initialised from ``seed``."""
        super().__init__()
        torch.manual_seed(seed)
        layers = [
            nn.Sequential(nn.Linear(a, b), nn.ReLU())
            for a, b in zip(WIDTHS, WIDTHS[1:], strict=False)
        ]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTHS[-1], CLASSES)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(logits, features)."""
        features = self.body(x)
        return self.head(features), features


def seconds(
    loss: DistillationLoss,
    steps: int,
    *,
    with_features: bool,
    student: TinyNetwork,
    teacher: TinyNetwork,
) -> float:
    """CPU time of ``steps`` training steps."""
    optimiser = torch.optim.SGD(student.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(8, BATCH, WIDTHS[0], generator=generator)
    labels = torch.randint(CLASSES, (8, BATCH), generator=generator)
    start = time.process_time()
    for t in range(steps):
        x, y = inputs[t % 8], labels[t % 8]
        with torch.no_grad():
            taught = teacher(x)[0]
        optimiser.zero_grad()
        logits, features = student(x)
        loss(logits, taught, y, features if with_features else None).backward()
        optimiser.step()
    return time.process_time() - start


def measure(
    *, refresh_every: int, with_features: bool, turns: int = 9, steps: int = 100
) -> tuple[float, float]:
    """(seconds a step with a fixed weight, overhead of "auto" as a share), medians over ``turns``
    pairs.
    """
    teacher = TinyNetwork(1)
    plain, ratios = [], []
    for turn in range(turns + 1):
        pair = {}
        order = ("fixed", "auto") if turn % 2 else ("auto", "fixed")
        for name in order:
            loss = (
                DistillationLoss(0.5)
                if name == "fixed"
                else DistillationLoss(total_steps=steps, refresh_every=refresh_every)
            )
            pair[name] = seconds(
                loss, steps, with_features=with_features, student=TinyNetwork(0), teacher=teacher
            )
        if turn:  # the first pair warms up
            plain.append(pair["fixed"] / steps)
            ratios.append(pair["auto"] / pair["fixed"])
    return statistics.median(plain), statistics.median(ratios) - 1.0


def main() -> None:
    """Print one line per setting."""
    torch.set_num_threads(1)
    for refresh_every in (1, 10, 50):
        for with_features in (False, True):
            step, share = measure(refresh_every=refresh_every, with_features=with_features)
            print(
                f"refresh every {refresh_every:3d}, features {with_features!s:5}: step"
                f" {1e3 * step:.2f} ms, overhead {100 * share:+.1f} %"
            )


if __name__ == "__main__":
    main()
