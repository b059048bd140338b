"""Small fully connected classifiers with hand-written back-propagation: all that R1 and R7 need
from a deep-learning library.

NumPy in float64 keeps the seeds' results the same on every machine and lets the gradients be
checked to rounding by complex steps. Parameters are one flat vector x (d,): for each layer the
matrix (out, in) row by row, then the bias (out,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.problems.base import Array
from kdtheory.problems.classification import sigmoid, softmax


@dataclass(frozen=True)
class Network:
    """z = W_k s(... s(W_1 a + b_1) ...) + b_k with softmax cross-entropy; ``activation``
    "identity", "relu" or "sigmoid"."""

    sizes: tuple[int, ...]
    activation: str = "relu"

    @property
    def dim(self) -> int:
        """Number of parameters d."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in self._layers())

    def _layers(self) -> list[tuple[int, int]]:
        return list(zip(self.sizes[:-1], self.sizes[1:], strict=True))

    def start(self, rng: np.random.Generator) -> Array:
        """Gaussian weights of variance 2/fan-in (relu) or 1/fan-in, biases 0, (d,)."""
        gain = 2.0 if self.activation == "relu" else 1.0
        blocks = []
        for fan_in, fan_out in self._layers():
            blocks += [
                rng.standard_normal(fan_in * fan_out) * np.sqrt(gain / fan_in),
                np.zeros(fan_out),
            ]
        return np.concatenate(blocks)

    def _matrices(self, x: Array) -> list[tuple[Array, Array]]:
        found, at = [], 0
        for fan_in, fan_out in self._layers():
            cut = at + fan_in * fan_out
            found.append((x[at:cut].reshape(fan_out, fan_in), x[cut : cut + fan_out]))
            at = cut + fan_out
        return found

    def _forward(self, x: Array, features: Array) -> list[Array]:
        """The input of every layer, then the logits."""
        states, layers = [features], self._matrices(x)
        for place, (weights, bias) in enumerate(layers):
            z = states[-1] @ weights.T + bias
            states.append(z if place == len(layers) - 1 else self._activate(z))
        return states

    def _activate(self, z: Array) -> Array:
        if self.activation == "relu":
            return np.where(z > 0, z, 0.0)
        return sigmoid(z) if self.activation == "sigmoid" else z

    def _slope(self, state: Array) -> Array:
        """The activation's derivative, from its value."""
        if self.activation == "relu":
            return (state > 0).astype(float)
        return state * (1 - state) if self.activation == "sigmoid" else np.ones_like(state)

    def logits(self, x: Array, features: Array) -> Array:
        """z, (n, K)."""
        return self._forward(x, features)[-1]

    def loss(self, x: Array, features: Array, labels: Array) -> float:
        """Mean cross-entropy against label rows (n, K)."""
        z = self.logits(x, features)
        top = z.max(axis=1, keepdims=True)
        return float(
            (np.log(np.exp(z - top).sum(axis=1)) + top[:, 0] - (z * labels).sum(axis=1)).mean()
        )

    def residuals(self, x: Array, features: Array, labels: Array) -> Array:
        """r_n(x) = softmax(z_n) - y_n, (n, K)."""
        return softmax(self.logits(x, features)) - labels

    def pull_back(self, x: Array, features: Array, residuals: Array) -> Array:
        """J_n(x)^T r_n for every sample, (n, d): with r_n(x) itself that is the loss's gradient."""
        states, layers = self._forward(x, features), self._matrices(x)
        blocks: list[Array] = []
        delta = residuals
        for place in range(len(layers) - 1, -1, -1):
            outer = delta[:, :, None] * states[place][:, None, :]
            blocks = [outer.reshape(len(delta), -1), delta, *blocks]
            if place > 0:
                delta = (delta @ layers[place][0]) * self._slope(states[place])
        return np.hstack(blocks)

    def gradients(self, x: Array, features: Array, labels: Array) -> Array:
        """Every sample's gradient of the loss, (n, d)."""
        return self.pull_back(x, features, self.residuals(x, features, labels))


def mixed_residuals(
    student: Array, teacher: Array, labels: Array, weight: float, temperature: float = 1.0
) -> Array:
    """The KD loss's derivative in the student's logits, (n, K): (1-lam) CE(z, y) + lam tau^2
    CE(z/tau, softmax(z_theta/tau)).

    ``student`` and ``teacher`` are logits (n, K); tau^2 is the usual factor, which cancels one
    1/tau here.
    """
    taught = temperature * (softmax(student / temperature) - softmax(teacher / temperature))
    return (1 - weight) * (softmax(student) - labels) + weight * taught


@dataclass(frozen=True)
class Descent:
    """SGD in random order: what does not change while a network is trained."""

    step_size: float
    batch_size: int
    rng: np.random.Generator
    ridge: float = 0.0


def train(
    network: Network,
    x: Array,
    features: Array,
    labels: Array,
    how: Descent,
    *,
    epochs: int,
    weight: float = 0.0,
    teacher: Array | None = None,
) -> Array:
    """``epochs`` passes, on the KD loss when there is a ``teacher`` (logits (n, K)); the new x
    (d,).
    """
    for _ in range(epochs):
        order = how.rng.permutation(len(features))
        for cut in range(0, len(order) - how.batch_size + 1, how.batch_size):
            batch = order[cut : cut + how.batch_size]
            z = network.logits(x, features[batch])
            taught = z if teacher is None else teacher[batch]
            residuals = mixed_residuals(
                z, taught, labels[batch], 0.0 if teacher is None else weight
            )
            x = x - how.step_size * (
                network.pull_back(x, features[batch], residuals).mean(axis=0) + how.ridge * x
            )
    return x


def cosines(one: Array, other: Array) -> Array:
    """The cosine between matching rows of two arrays (n, d), (n,)."""
    product = (one * other).sum(axis=1)
    return product / np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
