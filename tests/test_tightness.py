"""The record instances hold what they say, no bound is exceeded, and a smaller bound would be."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.campaigns.candidates import Candidate
from kdtheory.campaigns.tightness import NOISE_SHARE, ratio_of, search, searchable
from kdtheory.checks.tightness import records
from kdtheory.cli import main
from kdtheory.errors import InvalidInput

ROUNDING = 1e-9  # as in verdicts.py: exact means in floats


def test_there_is_a_record_for_every_bound_and_class():
    assert {(row["theorem"], row["instance"]["kind"]) for row in records()} == set(searchable())


@pytest.mark.parametrize(
    "row", records(), ids=lambda row: f"{row['theorem']}-{row['instance']['kind']}"
)
def test_records_hold(row):
    instance = Candidate.from_dict(row["instance"])
    ratio, share = ratio_of(row["theorem"], instance)
    assert ratio == pytest.approx(row["ratio"], rel=1e-7)
    assert ratio <= 1 + ROUNDING
    assert share >= NOISE_SHARE
    statement = kd.THEOREMS[row["theorem"]]
    too_small = replace(statement, psi=0.999 * row["ratio"] * statement.psi)
    assert ratio_of(too_small, instance)[0] > 1


def test_a_record_by_hand():
    """One least squares record again, from its rows, by plain means over the terms."""
    row = next(
        row
        for row in records()
        if row["theorem"] == "theorem-1-sharp" and row["instance"]["kind"] == "least-squares"
    )
    instance = Candidate.from_dict(row["instance"])
    A, b, ridge = (np.asarray(instance.arrays[name]) for name in ("features", "targets", "ridge"))
    best = np.linalg.solve(A.T @ A / 3 + ridge * np.eye(2), A.T @ b / 3)
    total = 0.0
    for a, target in zip(A, b, strict=True):

        def gradient(x, a=a, target=target):
            return (a @ x - target) * a + ridge * x

        image = instance.x - instance.step_size * (
            gradient(instance.x) - instance.weight * gradient(instance.theta)
        )
        total += float((image - best) @ (image - best)) / 3
    bound = kd.bound(
        instance.problem(),
        instance.theta,
        theorem="theorem-1-sharp",
        step_size=instance.step_size,
        weight=instance.weight,
        x0=instance.x,
        steps=1,
    )[1]
    assert total / bound == pytest.approx(row["ratio"], rel=1e-7)


def test_the_search_finds_what_is_known(capsys):
    """One-dimensional quadratics attain the sharp bound (a matching instance), so that a search
    must come close.
    """
    assert main(["tightness", "theorem-1-sharp", "--rounds", "12", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0.9 < found["ratio"] <= 1 + ROUNDING
    assert Candidate.from_dict(found["instance"]).to_dict() == found["instance"]


def test_mistakes():
    with pytest.raises(InvalidInput, match="identity"):
        search("exact-quadratic")
    with pytest.raises(InvalidInput, match="strong convexity"):
        search("theorem-1", kind="sinusoidal")
    with pytest.raises(InvalidInput, match="Did you mean 'logistic'"):
        search("theorem-1", kind="logistics")
