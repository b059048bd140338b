"""A weight that follows training: moments of sub-batches, averaged with exponential weights; no
torch arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdtheory.errors import InvalidInput
from kdtheory.estimate.criteria import minimise
from kdtheory.estimate.data import Array
from kdtheory.estimate.logits import logit_moments
from kdtheory.estimate.moments import Moments
from kdtheory.estimate.result import WeightEstimate, estimate
from kdtheory.estimate.statements import make_criterion


class WeightFollower:
    """Running averages of the moments of sub-batches; each is unbiased for its own iterate, so is
    the average.

    |h|^2 from one batch of 128 is mostly noise: averaging *moments* and not weights is what makes
    it usable (a ratio of noisy moments is biased, a ratio of averages is not, up to 1/number of
    refreshes).
    """

    def __init__(
        self,
        criterion: str,
        constants: dict[str, Any],
        batch_size: int | None,
        decay: float,
        sample: int,
    ) -> None:
        """Raises InvalidInput and StepSizeTooLarge for constants that do not fit, and for decay
        outside [0, 1).
        """
        if not 0.0 <= decay < 1.0:
            raise InvalidInput(
                f"decay must lie in [0, 1), got decay = {decay}. 0.9 remembers about ten refreshes."
            )
        self.criterion, self.constants, self.batch_size = criterion, constants, batch_size
        self.decay, self.sample = decay, sample
        self._rule(batch_size or 1)  # refuses wrong constants now, not in the middle of training
        self.weights = self.weights_sq = self.samples = 0.0
        self.sums = np.zeros(6)
        self.errors = np.zeros((4, 4))
        self.influence = np.zeros((4, 0))
        self.seen_batch = 1

    def _rule(self, batch_size: int) -> Any:
        return make_criterion(self.criterion, batch_size=batch_size, **self.constants)

    def refresh(
        self, z: Tensor, u: Tensor, targets: Tensor, features: Tensor | None, kind: str
    ) -> float:
        """Add the first ``sample`` samples of a batch and return the raw weight."""
        self.seen_batch = self.batch_size or int(z.shape[0])
        rows = slice(0, self.sample)
        inputs = np.ones((len(z[rows]), 1)) if features is None else _numpy(features[rows])
        if len(inputs) < 3:
            raise InvalidInput(
                f"weight='auto' needs batches of 3 samples or more, got {len(inputs)}. Pass a fixed"
                " weight."
            )
        new = logit_moments(
            _numpy(z[rows]), _numpy(u[rows]), _numpy(targets[rows]), features=inputs, loss=kind
        )
        self.weights = self.decay * self.weights + 1.0
        self.weights_sq = self.decay**2 * self.weights_sq + 1.0
        self.samples = self.decay * self.samples + new.n
        self.sums = self.decay * self.sums + np.append(
            new.with_bias(new.bias_sq), (new.student_sq, new.cross)
        )
        self.errors = self.decay**2 * self.errors + new.errors
        self.influence = new.influence
        point = self.moments().vector()
        if point[2] == 0.0 and point[3] == 0.0:
            # a teacher that interpolates the batch: nothing is subtracted whatever the weight
            return 0.0
        return minimise(self._rule(self.seen_batch), point)

    def moments(self) -> Moments:
        """The averaged moments; n is the effective number of samples.  Raises InvalidInput before
        the first refresh.
        """
        if self.weights == 0.0:
            raise InvalidInput(
                "No training batch was seen yet: call the loss in training mode first."
            )
        share = self.weights_sq / self.weights**2
        sigma_sq, covariance, variance, bias_sq, student_sq, cross = (
            float(x) for x in self.sums / self.weights
        )
        return Moments(
            sigma_sq,
            covariance,
            variance,
            bias_sq,
            student_sq,
            cross,
            self.errors / self.weights**2,
            self.samples / self.weights / share,
            self.influence,
        )

    def estimate(self, confidence: float) -> WeightEstimate:
        """Weight, interval and advice now."""
        rule = self._rule(self.seen_batch)
        return estimate(
            rule,
            self.moments(),
            confidence=confidence,
            mu=self.constants["mu"],
            Lcal=self.constants["Lcal"],
        )

    def state(self) -> dict[str, Any]:
        """For a state_dict."""
        return {
            "numbers": [self.weights, self.weights_sq, self.samples, float(self.seen_batch)],
            **{
                name: torch.from_numpy(getattr(self, name).copy())
                for name in ("sums", "errors", "influence")
            },
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of ``state``."""
        self.weights, self.weights_sq, self.samples = state["numbers"][:3]
        self.seen_batch = int(state["numbers"][3])
        self.sums, self.errors, self.influence = (
            state[name].to("cpu", torch.float64).numpy().copy()
            for name in ("sums", "errors", "influence")
        )


def _numpy(x: Tensor) -> Array:
    found: Array = (
        x.detach().to("cpu", torch.float64).numpy() if x.is_floating_point() else x.cpu().numpy()
    )
    return found
