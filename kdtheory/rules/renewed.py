"""A teacher that follows the student: theta+ = (1 - alpha) theta + alpha x+ (theory, Section 9)."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import positive_int, real_float


@dataclass(frozen=True)
class RenewedTeacher:
    """x+ = x - gamma (G_B - lam H_B) with H at the teacher of this step, then theta+ = (1 -
    renewal) theta + renewal x+ (mean teacher, momentum encoder).

    It is no :class:`~kdtheory.rules.protocol.Rule`: its control variates change with the teacher,
    which is a part of the state.  ``expected``, ``stationary`` and ``simulate`` take it for least
    squares, ``simulate`` for any problem.

    Args:
        weight: lam, any real number.
        renewal: alpha, in (0, 1]; 1 distils from the student itself.
        batch_size: B >= 1 indices a step, with replacement, averaged.

    Raises:
        InvalidInput: a renewal outside (0, 1], a weight that is not finite, a batch size below 1.

    >>> import kdtheory as kd
    >>> kd.RenewedTeacher(0.5, renewal=0.1).renewal
    0.1
    """

    weight: float
    _: KW_ONLY
    renewal: float
    batch_size: int = 1

    def __post_init__(self) -> None:
        """Refuse what breaks the rules above."""
        object.__setattr__(self, "weight", real_float(self.weight, "weight"))
        object.__setattr__(self, "renewal", real_float(self.renewal, "renewal"))
        object.__setattr__(self, "batch_size", positive_int(self.batch_size, "batch_size"))
        if not 0.0 < self.renewal <= 1.0:
            raise InvalidInput(
                f"renewal must lie in (0, 1], got renewal = {self.renewal:.6g}. Use 1 for a teacher"
                " that is the student, DistilledSGD for one that stays."
            )
