"""What a verdict is: a status that cannot be mistaken for a truth value, with all that it rests
on.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from kdtheory.evidence.judgement import refuse_contradiction
from kdtheory.evidence.tolerances import ROUNDING


@dataclass(frozen=True)
class Verdict:
    """``status`` VERIFIED, VIOLATED or UNDECIDED; ``ratio`` the largest lhs/rhs seen; ``evidence``
    how the lhs was had.

    ``lhs_end`` and ``rhs_end`` are both sides at t = ``steps``, in units of x^2 (of f for PL
    statements); NaN where nothing moves in time.  ``start`` names the start that the ratio was seen
    from ("x*", "near", "far" or "given").  ``noise_share`` is the largest part of a right-hand side
    that is noise, over all starts and times that were looked at, and ``noise_at_ratio`` that part
    where the ratio was seen: a verdict says nothing about noise that was a small part of the bound
    everywhere.  NaN where a statement has no such part.  ``tolerance``: what counts as equal.

    Raises:
        ValueError: VERIFIED with a ratio above 1 + ``tolerance``.
        TypeError: ``bool(verdict)``, since every status would count as true.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> found = kd.verify(problem, [0.5], theorem='theorem-1', steps=20)
    >>> found.status, found.evidence
    ('VERIFIED', 'exact')
    """

    theorem: str
    status: str
    ratio: float
    evidence: str
    reason: str
    step_size: float
    weight: float
    steps: int
    lhs_end: float = math.nan
    rhs_end: float = math.nan
    start: str = "given"
    noise_share: float = math.nan
    noise_at_ratio: float = math.nan
    tolerance: float = ROUNDING

    def __post_init__(self) -> None:
        """No contradiction can be constructed."""
        refuse_contradiction(self.status, self.ratio, self.tolerance)

    def __bool__(self) -> NoReturn:
        """Refused."""
        raise TypeError(
            f"A verdict is no truth value: this one is {self.status}. Ask verdict.status =="
            " 'VERIFIED', or call verdict.check(), which raises AssertionError unless it is."
        )

    def check(self) -> Verdict:
        """This verdict, when it is VERIFIED.

        Raises:
            AssertionError: it is VIOLATED or UNDECIDED, with the whole reason.
        """
        if self.status != "VERIFIED":
            raise AssertionError(str(self))
        return self

    @property
    def blind_to_noise(self) -> bool:
        """Whether noise is less than half of the right-hand side wherever it was looked at."""
        return self.noise_share < 0.5

    def __str__(self) -> str:
        """The status line: what was decided, by which evidence, and what it could have seen."""
        line = (
            f"{self.theorem}: {self.status} by {self.evidence} evidence, largest lhs/rhs"
            f" {self.ratio:.4g}"
        )
        if math.isfinite(self.noise_share):
            line += f" (start {self.start})"
            if self.blind_to_noise:
                line += (
                    f"; noise is at most {100 * self.noise_share:.2g} % of the bound, so that this"
                    " says little about its noise term"
                )
        return f"{line}: {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return asdict(self)
