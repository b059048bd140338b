"""The one-step worst case as a small semidefinite program, solved in floating point; what it
returns is only ever a guess.

Symmetry leaves two Gram blocks for every N and d: deterministic (e, g, lam h) and centred (D, N)
with D = G' - S, N = S - lam H'; PL has (g, lam h).  Vectors are in units of a step (gamma g for g),
so that gamma = 1.  In the basis P = e - g, C = g - mu e the dual reads

    strongly convex:  minimise kappa k^2 + eta a^2  over  alpha, nu, kappa, eta,  with  X = (tau -
    mu d nu)/(1-mu)^2, d = Lcal - mu,
        [X, X-alpha, -1; X-alpha, X+nu-2 alpha, 0; -1, 0, kappa] >= 0,   [nu, -1; -1, eta] >= 0,
        (1-mu) alpha + 1 - Lcal >= d nu;
    PL:  minimise kappa k^2 + (L/2) eta a^2  over  nu, f, kappa, eta,  with  X = (tau - f - L d
    nu)/(2 mu),
        [X, (L-1)/2; (L-1)/2, kappa] >= 0,   [nu, -1; -1, eta] >= 0,   f >= 0,

where tau = A - rate, A3 has the multiplier 1 + nu (PL: L (1+nu)/2) and the bound is k^2 + a^2 (PL:
times L/2) plus the minimum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import clarabel
import numpy as np
from scipy import sparse

Matrix = list[list[float]]
SMALLEST = 1e-9  # scale of nu where there is no noise: of its unit tau, and no claim


@dataclass(frozen=True)
class FloatStep:
    """One step in units where gamma = 1; ``spread`` is Lcal - mu, ``room`` 1 - Lcal (PL: unused),
    ``tau`` is A - rate."""

    mu: float
    L: float
    spread: float
    room: float
    tau: float
    bias: float
    noise: float


@dataclass(frozen=True)
class FloatAnswer:
    """Float multipliers alpha (PL: f), nu and the float worst point: r = |e| (PL: |g|), excess = F
    - (mu/2) r^2, across = part of g across e."""

    alpha: float
    nu: float
    r: float
    excess: float
    across: float


@dataclass(frozen=True)
class ConicProgram:
    """Cone slacks: constant plus one coefficient per unknown; blocks are congruence-scaled so that
    everything is about 1."""

    linear: list[float]
    block: list[Matrix]
    noise: list[Matrix]
    cost: list[float]
    scale: list[float]


def _settings() -> clarabel.DefaultSettings:
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    # As near as the solver goes, and what is still a guess where it ends early: none is trusted.
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-12
    settings.tol_ktratio = 1e-10  # of its own test for infeasible programs, which these are not
    # Certificates over Q say how good it was.
    settings.reduced_tol_gap_abs = settings.reduced_tol_gap_rel = settings.reduced_tol_feas = 1e-7
    return settings


def _svec(matrix: Matrix) -> list[float]:
    """Upper triangle by columns, off-diagonal entries times sqrt(2): Clarabel's order."""
    return [
        matrix[i][j] * (1.0 if i == j else math.sqrt(2.0))
        for j in range(len(matrix))
        for i in range(j + 1)
    ]


def _congruent(matrix: Matrix, weights: list[float]) -> Matrix:
    return [
        [entry * u * v for entry, v in zip(row, weights, strict=True)]
        for row, u in zip(matrix, weights, strict=True)
    ]


def _strongly_convex(step: FloatStep) -> tuple[ConicProgram, list[float]]:
    """The program, and the scales of P and C (the scaled block holds P/scale)."""
    shrink, slope = 1 - step.mu, math.sqrt(step.mu * step.spread)
    root = step.bias * shrink + step.noise * slope or 1.0
    # Near the solution, to make the numbers about 1; no claim.
    alpha = (step.bias / (shrink * root) if step.bias else 1.0) * step.tau
    nu = max(step.noise / (slope * root) * step.tau, alpha, SMALLEST * step.tau)
    p, c, h = 1 / math.sqrt(alpha), 1 / math.sqrt(nu), math.sqrt(alpha)
    x, dx = step.tau / shrink**2, step.mu * step.spread / shrink**2
    ones: Matrix = [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    parts: list[Matrix] = [
        [[x, x, -1], [x, x, 0], [-1, 0, 0]],
        [[0, -alpha, 0], [-alpha, -2 * alpha, 0], [0, 0, 0]],
        [
            [-dx * nu * entry + nu * (i == j == 1) for j, entry in enumerate(row)]
            for i, row in enumerate(ones)
        ],
        [[0, 0, 0], [0, 0, 0], [0, 0, 1 / alpha]],
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
    ]
    weights = [p, c, h]
    if step.bias == 0:  # no bias, no third vector
        parts, weights = [[row[:2] for row in part[:2]] for part in parts], weights[:2]
    block = [_congruent(part, weights) for part in parts]
    linear = [step.room, shrink * alpha, -step.spread * nu, 0.0, 0.0]
    size = max(abs(entry) for entry in linear)
    program = ConicProgram(
        [entry / size for entry in linear],
        block,
        _noise(),
        [0, 0, step.bias**2 / alpha, step.noise**2 / nu],
        [alpha, nu],
    )
    return program, [p, c, size]


def _pl(step: FloatStep) -> tuple[ConicProgram, list[float]]:
    gap, slope = abs(1 - step.L), math.sqrt(step.spread / step.mu)
    root = step.bias * gap + step.L * step.noise * slope or 1.0
    nu = max(step.noise / (slope * step.mu * root), SMALLEST) * step.tau
    x, dx = step.tau / (2 * step.mu), step.L * step.spread / (2 * step.mu)
    parts: list[Matrix] = [
        [[x, -gap / 2], [-gap / 2, 0]],
        [[-x, 0], [0, 0]],
        [[-dx * nu, 0], [0, 0]],
        [[0, 0], [0, gap**2 / (4 * x)]],
        [[0, 0], [0, 0]],
    ]
    weights = [1 / math.sqrt(x), 2 * math.sqrt(x) / (gap or 1.0)]
    if step.bias == 0 or gap == 0:
        parts, weights = [[[part[0][0]]] for part in parts], weights[:1]
    block = [_congruent(part, weights) for part in parts]
    cost = [0, 0, step.bias**2 * gap**2 / (4 * x), step.L / 2 * step.noise**2 / nu]
    return ConicProgram([0, 1, 0, 0, 0], block, _noise(), cost, [step.tau, nu]), [
        weights[0],
        1.0,
        1.0,
    ]


def _noise() -> list[Matrix]:
    return [
        [[0, -1], [-1, 0]],
        [[0, 0], [0, 0]],
        [[1, 0], [0, 0]],
        [[0, 0], [0, 0]],
        [[0, 0], [0, 1]],
    ]


def solve(step: FloatStep, *, pl: bool) -> FloatAnswer:
    """Multipliers and a worst point; not both bias and noise may be 0."""
    program, (p, c, size) = _pl(step) if pl else _strongly_convex(step)
    rows = [np.array([_svec(part) for part in parts]).T for parts in (program.block, program.noise)]
    # Cone slack = table[:, 0] + table[:, 1:] @ unknowns.
    table = np.vstack([np.array(program.linear, float)[None, :], *rows])
    unit = max(program.cost) or 1.0
    cost = np.array(program.cost, float) / unit
    cones = [
        clarabel.NonnegativeConeT(1),
        clarabel.PSDTriangleConeT(len(program.block[0])),
        clarabel.PSDTriangleConeT(2),
    ]
    solution = clarabel.DefaultSolver(
        sparse.csc_matrix((4, 4)),
        cost,
        sparse.csc_matrix(-table[:, 1:]),
        table[:, 0].copy(),
        cones,
        _settings(),
    ).solve()
    first, second = (
        float(value) * scale for value, scale in zip(solution.x[:2], program.scale, strict=True)
    )
    gram = [float(value) * unit for value in solution.z[:4]]
    # The certificates then start from nothing.
    if not all(math.isfinite(value) for value in (first, second, *gram)):
        return FloatAnswer(0.0, 0.0, 0.0, 0.0, 0.0)
    if pl:
        return FloatAnswer(first, second, math.sqrt(max(gram[1], 0.0)) * p, 0.0, 0.0)
    pp, pc, cc = gram[1] * p * p, gram[2] / math.sqrt(2.0) * p * c, gram[3] * c * c
    ee, ec = (pp + 2 * pc + cc) / (1 - step.mu) ** 2, (pc + cc) / (1 - step.mu)
    if ee <= 0:
        return FloatAnswer(first, second, 0.0, 0.0, 0.0)
    return FloatAnswer(
        first,
        second,
        math.sqrt(ee),
        max(gram[0], 0.0) / (2 * size),
        math.sqrt(max(cc - ec**2 / ee, 0.0)),
    )
