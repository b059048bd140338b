"""Every statement on a block of least squares instances at once: exact moments against the claimed
curves.

The numbers are those of :func:`kdtheory.verify` with ``method="exact"``, for all instances of a
block in the same array operations; a test holds the two together, instance by instance.  This is
the one declared independent translation of the exact moments: it shares no formula with
kdtheory/engines/exact, and is its oracle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.arithmetic import ARRAYS
from kdtheory.algebra.evaluate import compiled
from kdtheory.campaigns.blocks import Block
from kdtheory.evidence.tolerances import ROUNDING
from kdtheory.problems.base import Array
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import THEOREMS, Theorem

STEPS = 32
KEYS = tuple(name for name, theorem in THEOREMS.items() if theorem.has_curve)
Letters = dict[str, Array]
# E u u^T holds sigma_*^2, lam E<S,H> and lam^2 V apart: where they cancel, what is left carries the
# rounding of each.  Sums of some 1e2 terms over 32 steps keep it well below this part of the
# uncancelled size.
CANCELLED = 1e-12
OPEN_END = (
    0.95  # the part of an open step size range that is used where the whole of a closed one is
)


@dataclass(frozen=True)
class Case:
    """One instance of a block under one statement: what the block itself does not say of it."""

    theorem: str
    index: int
    step_size: float
    weight: float
    keep: float


@dataclass(frozen=True)
class Finding:
    """What a campaign keeps of an outcome: numbers of violated and of noisy instances, and those
    that are worth a record.

    ``tightest`` is the instance with the largest noisy ratio ``best`` among those not violated;
    ``violations`` are pairs of lhs/rhs and instance.
    """

    theorem: str
    violated: int
    noisy: int
    best: float
    tightest: Case
    violations: tuple[tuple[float, Case], ...]


@dataclass(frozen=True)
class Outcome:
    """One statement on one block of B instances; all arrays (B,).

    ``ratio`` is the largest lhs/rhs over t = 1..STEPS; ``noisy`` the largest over the times at
    which noise is at least half of the right-hand side, 0 where there is none or where the noise
    cancels: only those records say how good a bound is.
    """

    theorem: str
    ratio: Array
    violated: Array
    noisy: Array
    step_size: Array
    weight: Array
    keep: Array  # Bernoulli's q, 1 without compression

    def case(self, index: int) -> Case:
        """One instance."""
        return Case(
            self.theorem,
            index,
            float(self.step_size[index]),
            float(self.weight[index]),
            float(self.keep[index]),
        )

    def finding(self) -> Finding:
        """A few hundred bytes for what are some ten thousand."""
        noisy = np.where(self.violated, 0.0, self.noisy)
        place = int(noisy.argmax())
        violations = tuple(
            (float(self.ratio[index]), self.case(int(index)))
            for index in self.violated.nonzero()[0]
        )
        return Finding(
            self.theorem,
            len(violations),
            int((noisy > 0).sum()),
            float(noisy[place]),
            self.case(place),
            violations,
        )


def values_of(expression: sp.Expr, numbers: Mapping[str, Array]) -> Array:
    """The expression on arrays."""
    names, function = compiled(expression, ARRAYS)
    return np.asarray(function(*(numbers[name] for name in names)), dtype=np.float64)


class Facts:
    """Constants, minimisers and teacher moments of a block, and the linear map of its second
    moments.

    A state is u = (1, lam, e); u+ = (I - gamma C_n) u with C_n = [0; 0; S_n, -H_n, A_n].  E u u^T
    moves by I - gamma P + gamma^2 Q with P = E C x I + I x C and Q = E C_B x C_B, whatever lam and
    gamma are.
    """

    def __init__(self, block: Block) -> None:
        """Exact means over the N terms, up to rounding."""
        A, ridge = block.features, block.ridge[:, None, None]
        n, d = A.shape[1:]
        self.block, self.n, self.d = block, n, d
        identity = np.eye(d)
        gram = np.swapaxes(A, 1, 2) @ A / n
        self.hessian = gram + ridge * identity
        projected = np.einsum("bnd,bn->bd", A, block.targets) / n
        self.best = np.linalg.solve(self.hessian, projected[:, :, None])[:, :, 0]
        self.maps = A[:, :, :, None] * A[:, :, None, :] + ridge[:, :, :, None] * identity
        self.noise = self._gradients(self.best)
        self.noise -= self.noise.mean(axis=1, keepdims=True)
        self.taught = self._gradients(block.theta)
        self.bias = self.taught.mean(axis=1)
        self.centred = self.taught - self.bias[:, None, :]
        eigenvalues, vectors = np.linalg.eigh(self.hessian)
        basis = vectors / np.sqrt(eigenvalues)[:, None, :]
        second = np.einsum("bnij,bnjk->bik", self.maps, self.maps, optimize=True) / n
        pencil = np.linalg.eigvalsh(np.swapaxes(basis, 1, 2) @ second @ basis)[:, -1]
        factor = DistilledSGD(
            batch_size=block.batch_size, replacement=block.replacement
        ).noise_factor(n)
        smooth = eigenvalues[:, -1]
        e = block.theta - self.best
        self.factor = factor
        self.letters: Letters = {
            "mu": eigenvalues[:, 0],
            "L": smooth,
            "Lcal": (1 - factor) * smooth + factor * np.maximum(pencil, smooth),
            "sigma_star_sq": factor * (self.noise**2).sum(axis=(1, 2)) / n,
            "V": factor * (self.centred**2).sum(axis=(1, 2)) / n,
            "C": factor * (self.noise * self.centred).sum(axis=(1, 2)) / n,
            "bias_sq": (self.bias**2).sum(axis=1),
            "F_theta": self._gap(e),
            "D_sq": (e**2).sum(axis=1),
            "xstar_sq": (self.best**2).sum(axis=1),
            "delta_sq": np.zeros(len(e)),
        }
        self.start = block.x0 - self.best
        self._rows, self._columns = np.triu_indices(d + 2)
        self._mapped: dict[str, tuple[Array, Array]] = {}

    def _gradients(self, x: Array) -> Array:
        residual = np.einsum("bnd,bd->bn", self.block.features, x) - self.block.targets
        return (
            residual[:, :, None] * self.block.features + (self.block.ridge[:, None] * x)[:, None, :]
        )

    def _gap(self, e: Array) -> Array:
        return np.einsum("bi,bij,bj->b", e, self.hessian, e) / 2

    def maps_of(self, kind: str) -> tuple[Array, Array]:
        """(P, Q) on the upper triangle of E u u^T, for "biased" or "unbiased" in e, or "absolute",
        biased with e read as x.
        """
        if kind not in self._mapped:
            columns = {
                "biased": (self.noise, self.taught),
                "unbiased": (self.noise, self.centred),
                "absolute": (-self.block.targets[:, :, None] * self.block.features, self.taught),
            }[kind]
            size = self.d + 2
            C = np.zeros((*self.maps.shape[:2], size, size))
            C[:, :, 2:, 0], C[:, :, 2:, 1], C[:, :, 2:, 2:] = columns[0], -columns[1], self.maps
            mean = C.mean(axis=1)
            flat = C.reshape(*C.shape[:2], -1)
            own = np.swapaxes(flat, 1, 2) @ flat / self.n
            full = mean.reshape(len(mean), -1)
            second = self.factor * own + (1 - self.factor) * full[:, :, None] * full[:, None, :]
            # own[(i,k),(j,l)] -> the coefficient of u_k u_l in u_i+ u_j+.
            second = second.reshape(-1, size, size, size, size).transpose(0, 1, 3, 2, 4)
            eye = np.eye(size)
            first = np.einsum("bik,jl->bijkl", mean, eye) + np.einsum("ik,bjl->bijkl", eye, mean)
            self._mapped[kind] = self._folded(first), self._folded(second)
        return self._mapped[kind]

    def _folded(self, tensor: Array) -> Array:
        """A map on matrices, restricted to symmetric ones."""
        i, j = self._rows, self._columns
        rows = tensor[:, i, j]
        # Indexing leaves strides that matmul would walk without BLAS, five times slower.
        return np.ascontiguousarray(rows[:, :, i, j] + np.where(i != j, rows[:, :, j, i], 0.0))

    def moments(
        self, kind: str, gamma: Array, head: Array, start: Array, keep: Array | None = None
    ) -> Array:
        """E u u^T at t = 0..STEPS, (STEPS + 1, B, size), from u = (head (B, 2), start (B, d));
        Bernoulli(keep) after each step.
        """
        P, Q = self.maps_of(kind)
        step = np.eye(P.shape[1]) - gamma[:, None, None] * P + (gamma**2)[:, None, None] * Q
        if keep is not None:
            own = (self._rows == self._columns) & (self._rows >= 2)
            step *= np.where(own[None, :], 1.0 / keep[:, None], 1.0)[:, :, None]
        u = np.concatenate([head, start], axis=1)
        state = (u[:, self._rows] * u[:, self._columns])[:, :, None]
        seen = np.empty((STEPS + 1, *state.shape[:2]))
        seen[0] = state[:, :, 0]
        for t in range(1, STEPS + 1):
            state = step @ state
            seen[t] = state[:, :, 0]
        return seen

    def squares(self, seen: Array) -> Array:
        """E|e|^2, (STEPS + 1, B)."""
        return seen[:, :, (self._rows == self._columns) & (self._rows >= 2)].sum(axis=2)

    def gaps(self, seen: Array) -> Array:
        """E f - f*, (STEPS + 1, B)."""
        inner = (self._rows >= 2) & (self._columns >= 2)
        i, j = self._rows[inner] - 2, self._columns[inner] - 2
        return np.einsum(
            "tbp,bp->tb", seen[:, :, inner], np.where(i == j, 0.5, 1.0) * self.hessian[:, i, j]
        )

    def absolute_squares(self, seen: Array) -> Array:
        """E|x - x*|^2 where the state holds x."""
        linear = (self._rows == 0) & (self._columns >= 2)
        crossed = np.einsum("tbp,bp->tb", seen[:, :, linear], self.best)
        return self.squares(seen) - 2 * crossed + self.letters["xstar_sq"]


def judge(block: Block, keys: tuple[str, ...] = KEYS) -> list[Outcome]:
    """Every statement named on every instance of the block."""
    facts = Facts(block)
    with np.errstate(invalid="ignore", divide="ignore"):  # branches of Piecewise that are not taken
        return [_judge(facts, THEOREMS[key]) for key in keys]


def _judge(facts: Facts, theorem: Theorem) -> Outcome:
    size = len(facts.start)
    ones = np.ones(size)
    if theorem.quantity == "gradient":
        return _gradient(facts, theorem)
    letters = dict(facts.letters)
    limit = (
        1.0 / letters["Lcal"]
        if theorem.step_size_max is None
        else values_of(theorem.step_size_max, letters)
    )
    part = facts.block.fraction * (
        OPEN_END if theorem.strict or theorem.step_size_max is None else 1.0
    )
    gamma = letters["gamma"] = limit * part
    keep = ones
    squeezes = theorem.psi is not None and sym.omega in theorem.psi.free_symbols
    if squeezes:
        shrink = gamma * letters["mu"]
        # Half of the variance that leaves a contraction.
        keep = 1.0 / (1.0 + 0.5 * shrink / (1.0 - shrink))
    letters["omega"] = 1.0 / keep - 1.0
    letters["lam"] = lam = _weights(facts, theorem, letters)
    head = np.stack([ones, lam], axis=1)
    if theorem.kind == "identity":
        return _law(facts, theorem, letters, head)
    left = facts.noise - lam[:, None, None] * facts.centred
    # E|S - lam H'|^2 as a mean of squares, which does not cancel.
    noise = facts.factor * (left**2).sum(axis=(1, 2)) / facts.n
    for letter, definition in theorem.definitions.items():
        letters[str(letter)] = values_of(definition, letters) * ones
        if letter is sym.a:
            letters["a"] = np.sqrt(noise)
    if squeezes:
        seen = facts.absolute_squares(facts.moments("absolute", gamma, head, facts.block.x0, keep))
    else:
        moments = facts.moments(
            "unbiased" if theorem.unbiased else "biased", gamma, head, facts.start
        )
        seen = facts.gaps(moments) if theorem.quantity == "gap" else facts.squares(moments)
    assert theorem.psi is not None
    names, psi = compiled(theorem.psi, ARRAYS)
    claimed = np.empty_like(seen)
    claimed[0] = (
        facts._gap(facts.start) if theorem.quantity == "gap" else (facts.start**2).sum(axis=1)
    )
    for t in range(STEPS):
        claimed[t + 1] = psi(*(claimed[t] if name == "s" else letters[name] for name in names))
    apart = letters["sigma_star_sq"] + lam**2 * letters["V"]
    large = gamma / letters["mu"] * (apart + lam**2 * letters["bias_sq"])
    large = (
        letters["L"] * large
        if theorem.quantity == "gap"
        else large + (letters["xstar_sq"] if keep is not ones else 0.0)
    )
    ratios, violated = _compared(seen, claimed, CANCELLED * large)
    fading = (1 - gamma * letters["mu"]) ** np.arange(STEPS + 1)[:, None] * claimed[0]
    noisy = np.where((claimed > 2 * fading) & (noise > 1e-3 * apart), ratios, 0.0)
    return Outcome(
        theorem.name, ratios[1:].max(axis=0), violated, noisy[1:].max(axis=0), gamma, lam, keep
    )


def _compared(
    seen: Array, claimed: Array, room: Array, *, identity: bool = False
) -> tuple[Array, Array]:
    """lhs/rhs at every time, and where the difference is more than rounding at any."""
    room = room + ROUNDING * claimed.max(axis=0)
    over = (seen > claimed + room) | ~np.isfinite(seen) | ~np.isfinite(claimed)
    if identity:
        over |= seen < claimed - room
    return seen / np.maximum(claimed, np.finfo(float).tiny), np.asarray(over.any(axis=0))


def _weights(facts: Facts, theorem: Theorem, letters: Letters) -> Array:
    """The instance's own weight, or lam* of Section 4 with the statement's kappa (Theorem 1's where
    it has none).
    """
    kappa = theorem.definitions.get(sym.kappa, 1 / (sym.gamma * sym.mu))
    weight = 0.0 if theorem.unbiased else 1.0 + values_of(kappa, letters)
    loss = letters["V"] + weight * letters["bias_sq"]
    best = np.divide(letters["C"], loss, out=np.zeros(len(loss)), where=loss > 0)
    return np.where(np.isnan(facts.block.weight), best, facts.block.weight)


def _law(facts: Facts, theorem: Theorem, letters: Letters, head: Array) -> Outcome:
    """The exact law: SGD with noise (1 - lam) S around x* + lam (theta - x*), plus the drift of
    that centre.
    """
    gamma, lam = letters["gamma"], letters["lam"]
    seen = facts.squares(facts.moments("biased", gamma, head, facts.start))
    D = facts.block.theta - facts.best
    origin = facts.start - lam[:, None] * D
    shifted = facts.squares(
        facts.moments("biased", gamma, np.stack([1 - lam, np.zeros_like(lam)], axis=1), origin)
    )
    drift, fading = np.empty_like(shifted), origin
    for t in range(STEPS + 1):
        drift[t] = (D * fading).sum(axis=1)
        fading = fading - gamma[:, None] * np.einsum("bij,bj->bi", facts.hessian, fading)
    apart = (
        gamma
        / letters["mu"]
        * (letters["sigma_star_sq"] + lam**2 * (letters["V"] + letters["bias_sq"]))
    )
    ratios, violated = _compared(
        seen,
        shifted + 2 * lam * drift + lam**2 * letters["D_sq"],
        CANCELLED * (apart + lam**2 * letters["D_sq"]),
        identity=True,
    )
    ratio = ratios[1:].max(axis=0)
    return Outcome(theorem.name, ratio, violated, ratio, gamma, lam, np.ones_like(lam))


def _gradient(facts: Facts, theorem: Theorem) -> Outcome:
    """The KD objective's gradients from the mixed losses, against grad f_n(x) - lam grad
    f_n(theta).
    """
    block = facts.block
    lam = np.where(np.isnan(block.weight), 0.5, block.weight)
    own = np.einsum("bnd,bd->bn", block.features, block.x0)
    taught = np.einsum("bnd,bd->bn", block.features, block.theta)
    mixed = (1 - lam)[:, None] * (own - block.targets) + lam[:, None] * (own - taught)
    ridge = block.ridge[:, None] * (block.x0 - lam[:, None] * block.theta)
    objective = mixed[:, :, None] * block.features + ridge[:, None, :]
    claimed = facts._gradients(block.x0) - lam[:, None, None] * facts.taught
    size = np.maximum(np.abs(claimed).max(axis=(1, 2)), np.finfo(float).tiny)
    off = np.abs(objective - claimed).max(axis=(1, 2)) / size
    ones = np.ones_like(lam)
    return Outcome(theorem.name, 1 + off, off > ROUNDING, 1 + off, ones, lam, ones)
