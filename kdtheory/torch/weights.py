"""The weight of a loss: numbers that stay, or one that follows training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kdtheory.errors import InvalidInput
from kdtheory.estimate import WeightEstimate
from kdtheory.torch.compiled import clipped, distillation_weight, register
from kdtheory.torch.follow import WeightFollower
from kdtheory.torch.plan import Plan


class FixedWeights:
    """One lambda for each teacher."""

    state_key = "fixed"
    criterion = ""
    told: tuple[str, ...] = ()

    def __init__(self, numbers: Sequence[float]) -> None:
        self._numbers = tuple(numbers)

    def used(self) -> tuple[float, ...]:
        """Now."""
        return self._numbers

    def step(self, taught: Sequence[Tensor], *_: Any) -> Sequence[Any]:
        """Of this batch.  Raises InvalidInput where the teachers are not as many."""
        if len(self._numbers) != len(taught):
            raise InvalidInput(
                f"There are {len(taught)} teachers and {len(self._numbers)} weights: pass one"
                " weight for each."
            )
        return self._numbers

    def announce(self, *_: Any) -> None:
        """Nothing depends on the steps to come."""

    def estimate(self, confidence: float) -> WeightEstimate:
        """None: raises InvalidInput."""
        raise InvalidInput(
            f"The weight is fixed at {self._numbers[0]:g}; only weight='auto' estimates one."
        )

    def intervals(self, confidence: float) -> dict[str, float]:
        """None."""
        return {}

    def state(self) -> Any:
        """For a state_dict."""
        return list(self._numbers)

    def load(self, state: Any) -> None:
        """The inverse."""
        self._numbers = tuple(float(x) for x in state)


class FollowedWeights:
    """What the theory says of the steps that are left, clipped."""

    state_key = "follower"

    def __init__(self, plan: Plan) -> None:
        self.follower = WeightFollower(plan)
        self._key = register(self.follower)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy follows by itself."""
        self.__dict__.update(state)
        self._key = register(self.follower)

    @property
    def criterion(self) -> str:
        """Whose weight it is."""
        return self.follower.plan.criterion

    @property
    def told(self) -> tuple[str, ...]:
        """What was noticed."""
        return tuple(self.follower.told)

    def used(self) -> tuple[float, ...]:
        """Now."""
        found = clipped(self.follower.raw(), self.follower.plan.clip)
        return tuple(float(x) for x in found)

    def step(
        self,
        taught: Sequence[Tensor],
        z: Tensor,
        y: Tensor,
        seen: Tensor | None,
        kind: str,
        counted: bool,
    ) -> Sequence[Any]:
        """Of this batch; with ``counted`` one more training call."""
        return distillation_weight(z, list(taught), y, seen, kind, self._key, counted).unbind()

    def announce(self, *known: Any) -> None:
        """What a trainer knows: calls to come, and calls of one optimiser step."""
        self.follower.announce(*known)

    def estimate(self, confidence: float) -> WeightEstimate:
        """Raw, with interval and advice.  Raises InvalidInput before the first training batch."""
        return self.follower.estimate(confidence)

    def intervals(self, confidence: float) -> dict[str, float]:
        """rho, beta, low and high, once something was seen, of one teacher."""
        if self.follower.average.weights == 0.0 or self.follower.average.teachers > 1:
            return {}
        now = self.estimate(confidence)
        return {key: getattr(now, key) for key in ("rho", "beta", "low", "high")}

    def state(self) -> Any:
        """For a state_dict."""
        return self.follower.state()

    def load(self, state: Any) -> None:
        """The inverse."""
        self.follower.load(state)
