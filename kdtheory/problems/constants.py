"""The constants of a problem, each of which knows how well it is known."""

from __future__ import annotations

from dataclasses import dataclass


class Constant(float):
    """A number that knows whether it is exact or a valid bound, and why.

    >>> from kdtheory import Constant
    >>> Constant(2.0, exact=True, why="largest eigenvalue of the Hessian").why
    'largest eigenvalue of the Hessian'
    """

    exact: bool
    why: str

    def __new__(cls, value: float, *, exact: bool, why: str) -> Constant:
        """A float with two attributes."""
        self = super().__new__(cls, value)
        self.exact = exact
        self.why = why
        return self


@dataclass(frozen=True)
class Constants:
    """The constants of the assumptions (paper, Section 4), in units of f and x.

    ``mu``: strong convexity, 0.0 if not strongly convex.  ``mu_pl``: Polyak-Lojasiewicz.  ``L``:
    smoothness of f. ``Lcal``: expected smoothness, E|G-S|^2 <= 2 Lcal F.  ``sigma_star_sq``: E|grad
    f_xi(x*)|^2.

    >>> import kdtheory as kd
    >>> found = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0]).constants
    >>> float(found.L), found.L.exact
    (2.5, True)
    """

    mu: Constant
    mu_pl: Constant
    L: Constant
    Lcal: Constant
    sigma_star_sq: Constant
