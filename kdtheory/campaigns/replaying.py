"""A stored instance played again, by what shares no arithmetic with the campaign."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from kdtheory.bounds.values import bound
from kdtheory.campaigns.instances import read
from kdtheory.campaigns.records import read_record
from kdtheory.campaigns.seals import Row
from kdtheory.engines.exact import expected
from kdtheory.evidence.verdict import Verdict
from kdtheory.evidence.verdicts import verify
from kdtheory.problems.base import positive_int
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import theorem_named

# Sums of the two recursions differ by rounding, most where noise cancels.
REPLAYED = 1e-6


def replay(identity: int, *, store: str | Path, method: str = "exact") -> tuple[Row, Verdict]:
    """A stored instance and its verdict now, by :func:`kdtheory.verify`, which shares no arithmetic
    with the campaign's blocks.

    The record says under ``"now"`` what the ratio on record is today (None for identities, which
    have other ratios), and under ``"agrees"`` whether that is the same.  The store is only read,
    also while a campaign writes it.

    Args:
        identity: the record's number.
        store: the campaign's file.
        method: as in :func:`kdtheory.verify`.

    Raises:
        InvalidInput: no such record, or a store or an instance that was tampered with.

    >>> import kdtheory as kd
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = f'{folder}/runs.sqlite'
    ...     done = kd.campaign(instances=16, store=store)
    ...     record, verdict = kd.replay(1, store=store)
    >>> verdict.status
    'VERIFIED'
    """
    record = read_record(Path(store), positive_int(identity, "ID"))
    arguments = read(record["instance"])
    now = ratio_now(record["kind"], arguments)
    agrees = now is None or math.isclose(now, record["ratio"], rel_tol=REPLAYED)
    verdict = verify(arguments.pop("problem"), arguments.pop("theta"), method=method, **arguments)
    return {**record, "now": now, "agrees": agrees}, verdict


def ratio_now(kind: str, arguments: Row) -> float | None:
    """The number that a record keeps, from :func:`kdtheory.expected` and :func:`kdtheory.bound`:
    the largest lhs/rhs, for the tightest ones among the times at which noise is at least half of
    the bound.
    """
    statement = theorem_named(arguments["theorem"])
    if statement.psi is None or statement.kind == "identity":
        return None
    problem, theta, x0 = (arguments[name] for name in ("problem", "theta", "x0"))
    common = {name: arguments[name] for name in ("step_size", "steps")}
    draws = {name: arguments[name] for name in ("batch_size", "replacement", "compressor")}
    rule = DistilledSGD(arguments["weight"], unbiased=statement.unbiased, **draws)
    run = expected(problem, theta, rule, x0=x0, **common)
    seen = run.gap if statement.quantity == "gap" else run.sq_distance
    claimed = bound(
        problem,
        theta,
        theorem=statement,
        weight=arguments["weight"],
        x0=x0,
        **common,
        **draws,
    )
    left = 1.0 - arguments["step_size"] * float(problem.constants.mu)
    noisy = claimed > 2.0 * left ** np.arange(len(claimed)) * claimed[0]
    looked = (np.arange(len(claimed)) > 0) & (noisy if kind == "tightest" else True)
    return float((seen[looked] / claimed[looked]).max()) if looked.any() else 0.0
