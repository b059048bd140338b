"""A wrong term is named by its coefficient, and a right step by none."""

from __future__ import annotations

import numpy as np
import pytest

from kdtheory.evidence.terms import sentence, wrong_terms

RNG = np.random.default_rng(0)
G, H = RNG.standard_normal((2, 24, 3))
h = np.broadcast_to(H.mean(axis=0), H.shape)
x = np.repeat(RNG.standard_normal((6, 3)), 4, axis=0)
COLUMNS = {"G_n": G, "H_n": H, "h": h, "x": x}
OWN = {"G_n": 1.0, "H_n": -0.5}


@pytest.mark.parametrize(
    ("direction", "named"),
    [
        (G + 0.5 * H, "+0.5 H_n, expected -0.5 H_n"),
        (G - 0.4 * H, "-0.4 H_n, expected -0.5 H_n"),
        (G, "+0 H_n, expected -0.5 H_n"),
        (1.02 * (G - 0.5 * H), "+1.02 G_n, expected +1 G_n; -0.51 H_n, expected -0.5 H_n"),
        (G - 0.5 * H + 0.5 * h, "+0.5 h, expected +0 h"),
        (G - 0.5 * H + 0.01 * x, "+0.01 x, expected +0 x"),
        (G - 0.50001 * H, "-0.50001 H_n, expected -0.5 H_n"),
        (RNG.standard_normal(G.shape), "no combination of G_n, H_n, h and x"),
    ],
)
def test_the_wrong_term_is_named(direction, named):
    found = sentence(wrong_terms(-0.1 * direction, COLUMNS, OWN, 0.1))
    assert found.startswith(named)


def test_a_right_step_has_no_wrong_term():
    assert wrong_terms(-0.1 * (G - 0.5 * H), COLUMNS, OWN, 0.1) == []


def test_terms_that_vanish_are_left_out():
    columns = {"G_n": G, "H_n": np.zeros_like(H)}
    (term,) = wrong_terms(-0.2 * G, columns, OWN, 0.1)
    assert (term.name, round(term.found, 12)) == ("G_n", 2.0)
