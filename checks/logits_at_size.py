"""The weight from logits of a language model's size: time and memory beside one log-softmax over
the same arrays.

Run ``python -m kdtheory.checks.logits_at_size [n] [K]`` (4096 and 152000 need 5 GB).  Both sides
use one thread, in turns; the memory is the growth of the process beyond its inputs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from kdtheory.estimate import lambda_star_from_logits
from kdtheory.estimate.residuals import CACHED_ENTRIES

SIZE = (4096, 152_000)


@dataclass(frozen=True)
class Measured:
    """Seconds and megabytes."""

    pass_seconds: float  # log-softmax of both arrays
    seconds: float
    megabytes: float

    @property
    def ratio(self) -> float:
        """In units of one pass."""
        return self.seconds / self.pass_seconds


def logits(n: int, classes: int, dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    """Student's and teacher's logits (n, K), written in place, and labels (n,)."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(classes, (n,), generator=generator)
    pair = []
    for _ in range(2):
        z = torch.empty(n, classes, dtype=dtype)
        for row in range(0, n, 256):
            z[row : row + 256].copy_(
                torch.randn(min(256, n - row), classes, generator=generator, dtype=torch.float32)
            )
        z[torch.arange(n), labels] += 5.0
        pair.append(z)
    return pair[0], pair[1], labels


def one_pass(*arrays: torch.Tensor) -> None:
    """A log-softmax over each, a block of rows at a time as the estimator reads them."""
    step = max(1, CACHED_ENTRIES // arrays[0].shape[1])
    for z in arrays:
        for row in range(0, len(z), step):
            torch.log_softmax(z[row : row + step], dim=1)


def measure(n: int, classes: int, dtype: torch.dtype, *, numpy: bool = False) -> Measured:
    """The offset layer's weight (features left out), which takes two passes over both arrays."""
    z, u, labels = logits(n, classes, dtype)
    given = (z.numpy(), u.numpy(), labels.numpy()) if numpy else (z, u, labels)
    first = _seconds(lambda: one_pass(z, u))
    before = _peak(reset=True)
    taken = _seconds(
        lambda: lambda_star_from_logits(
            *given, features=torch.ones(n, 1), criterion="horizon", horizon=1000
        )
    )
    grown = _peak() - before
    return Measured((first + _seconds(lambda: one_pass(z, u))) / 2.0, taken, grown)


def _seconds(job: Callable[[], object]) -> float:
    start = time.process_time()
    job()
    return time.process_time() - start


def _peak(*, reset: bool = False) -> float:
    """The largest resident memory since the last reset, in MB (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    (line,) = (x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
    return float(line.split()[1]) / 1024.0


def main() -> None:
    """Print one line for each type."""
    torch.set_num_threads(1)
    measure(8, 100, torch.float16)  # loads SymPy, once for a process: half a second
    n, classes = (int(sys.argv[k]) if len(sys.argv) > k else SIZE[k - 1] for k in (1, 2))
    for dtype, numpy in ((torch.float16, True), (torch.float16, False), (torch.bfloat16, False)):
        found = measure(n, classes, dtype, numpy=numpy)
        print(
            f"{n} x {classes} {dtype} {'NumPy' if numpy else 'torch'}: one pass"
            f" {found.pass_seconds:.2f} s, weight {found.seconds:.2f} s ({found.ratio:.2f} passes),"
            f" {found.megabytes:.0f} MB beyond the input",
            flush=True,
        )


if __name__ == "__main__":
    main()
