"""What was found about the weight in use: numbers, a table for machines, a picture."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdtheory.errors import InvalidInput
from kdtheory.estimate.moments import Moments
from kdtheory.estimate.result import Line
from kdtheory.system.disk import replace_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Diagnosis:
    """What two sets of gradients say about the weight in use; ``lines`` by criterion, ``skipped``
    with the reason.

    >>> import kdtheory as kd
    >>> import numpy as np
    >>> g = np.random.default_rng(0).standard_normal((50, 3))
    >>> found = kd.diagnose(g, g + 0.1, 0.5)
    >>> type(found).__name__
    'Diagnosis'
    """

    weight: float
    rho: float
    beta: float
    n_samples: float
    lines: dict[str, Line]
    skipped: dict[str, str]
    recommendation: str
    moments: Moments

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "weight": self.weight,
            "rho": self.rho,
            "beta": self.beta if math.isfinite(self.beta) else None,
            "n_samples": self.n_samples,
            "criteria": {
                key: line.best.to_dict() | {"now": line.now} for key, line in self.lines.items()
            },
            "skipped": dict(self.skipped),
            "recommendation": self.recommendation,
        }

    def plot(self) -> Figure:
        """N(weight)/N(0) against the weight for every criterion, as a matplotlib figure
        (``.savefig(path)``).
        """
        from kdtheory.estimate.plot import noise_curves

        return noise_curves(self.lines, self.moments, weight=self.weight, beta=self.beta)

    def save_plot(self, path: str | os.PathLike[str]) -> None:
        """The picture as .pdf, .svg or .png, complete or not there.  Another ending or no folder
        raises InvalidInput.
        """
        target = Path(path)
        if target.suffix.lower() not in (".pdf", ".svg", ".png"):
            raise InvalidInput(f"The plot must end in .pdf, .svg or .png, got {target.name!r}.")
        if not os.path.isdir(target.parent):  # of os: Path's raises where the name is too long
            raise InvalidInput(f"No folder {str(target.parent)!r} for the plot: make it first.")
        replace_file(
            target, partial(self.plot().savefig, format=target.suffix[1:].lower(), dpi=200)
        )
