"""Small problems of each class by their numbers, all of them short fractions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np

from kdtheory.campaigns.blocks import exact_text
from kdtheory.campaigns.instances import floats
from kdtheory.errors import unknown_name
from kdtheory.problems import LeastSquares, LogisticRegression, SinusoidalSum, SoftmaxRegression
from kdtheory.problems.base import Array, FiniteSum

# Numbers of an instance are multiples of 1/GRID, so that a record is short in fractions.
GRID = 2.0**16


@dataclass(frozen=True)
class Candidate:
    """A problem of one class by its numbers, with teacher, point, weight and step size: all floats,
    so all rational.
    """

    kind: str
    arrays: Mapping[str, Array]
    theta: Array
    x: Array
    weight: float
    step_size: float
    keep: float = 1.0

    def problem(self) -> FiniteSum:
        """The finite sum."""
        return KINDS[self.kind].build(self.arrays)

    def to_dict(self) -> dict[str, Any]:
        """Fractions in text, for JSON."""
        arrays = {name: exact_text(array) for name, array in self.arrays.items()}
        return {
            "kind": self.kind,
            "arrays": arrays,
            "theta": exact_text(self.theta),
            "x": exact_text(self.x),
            "weight": str(Fraction(self.weight)),
            "step_size": str(Fraction(self.step_size)),
            "keep": str(Fraction(self.keep)),
        }

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> Candidate:
        """The inverse of :meth:`to_dict`; ``InvalidInput`` for anything that is not such a
        record.
        """
        if record.get("kind") not in KINDS:
            raise unknown_name("problem class", record.get("kind"), KINDS)
        arrays = MappingProxyType(
            {name: floats(value, name) for name, value in record["arrays"].items()}
        )
        return Candidate(
            record["kind"],
            arrays,
            floats(record["theta"], "theta"),
            floats(record["x"], "x"),
            *(float(floats(record[name], name)) for name in ("weight", "step_size", "keep")),
        )


@dataclass(frozen=True)
class Kind:
    """How a vector in [0, 1]^size becomes a problem."""

    size: int
    arrays: Callable[[Array], dict[str, Array]]
    build: Callable[[Mapping[str, Array]], FiniteSum]


def grid(values: Array) -> Array:
    """Rounded to multiples of 1/GRID."""
    return np.round(values * GRID) / GRID


def _linear(u: Array) -> dict[str, Array]:
    """Three samples in the plane, targets or labels, ridge 2^-8 .. 2."""
    return {
        "features": grid(4 * u[:6].reshape(3, 2) - 2),
        "targets": grid(4 * u[6:9] - 2),
        "ridge": grid(2.0 ** (9 * u[9] - 8)),
    }


def _labelled(u: Array) -> dict[str, Array]:
    found = _linear(u)
    return {"features": 2 * found["features"], "labels": np.round(u[6:9]), "ridge": found["ridge"]}


def _sinusoidal(u: Array) -> dict[str, Array]:
    """Four terms on a line; multiples of 1/GRID keep the means exactly 1 and 0."""
    weight, shift = grid(2 * u[1]), grid(8 * u[2:4] - 4)
    return {
        "directions": grid(0.25 + 1.75 * u[:1].reshape(1, 1)),
        "weights": np.array([weight, 2 - weight, weight, 2 - weight]),
        "shifts": np.array([shift[0], -shift[0], shift[1], -shift[1]])[:, None],
    }


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "least-squares": Kind(
            10,
            _linear,
            lambda a: LeastSquares(a["features"], a["targets"], ridge=float(a["ridge"])),
        ),
        "logistic": Kind(
            10,
            _labelled,
            lambda a: LogisticRegression(a["features"], a["labels"], ridge=float(a["ridge"])),
        ),
        "softmax": Kind(
            10,
            _labelled,
            lambda a: SoftmaxRegression(
                a["features"],
                np.stack([1 - a["labels"], a["labels"]], axis=1),
                ridge=float(a["ridge"]),
            ),
        ),
        "sinusoidal": Kind(
            4, _sinusoidal, lambda a: SinusoidalSum(a["directions"], a["weights"], a["shifts"])
        ),
    }
)
