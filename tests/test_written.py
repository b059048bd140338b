"""Problems are known by what they are made of: repr is code, equality, hash and pickle follow."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest

import kdtheory as kd

SCOPE = {name: getattr(kd, name) for name in kd.__all__} | {"Fraction": Fraction}
MADE = [
    kd.LeastSquares([[1.0, 0.5], [0.0, 2.0]], [1.0, -1.0]),
    kd.LeastSquares([[1.0, 0.5], [0.0, 2.0]], [1.0, -1.0], ridge=0.25),
    kd.LeastSquares([[Fraction(1, 3)]], [Fraction(2, 7)], ridge=Fraction(1, 9)),
    kd.LogisticRegression([[1.0], [2.0]], [0.0, 0.25], ridge=0.5),
    kd.SoftmaxRegression([[1.0], [2.0]], [0, 1], ridge=0.5),
    kd.SoftmaxRegression([[1.0], [2.0]], [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]], ridge=0.5),
    kd.SoftmaxRegression([[1.0], [2.0]], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], ridge=0.5),
    kd.SinusoidalSum([[1.0, 0.0]], [1.5, 0.5], [[0.25, 1.0], [-0.25, -1.0]]),
    kd.DistilledSGD(0.5, unbiased=True, batch_size=2, compressor=kd.Bernoulli(0.5)),
    kd.DistilledSGD(-1.0, replacement=False, compressor=kd.RandK(1)),
    kd.DistilledSGD((0.5, 0.25), blocks=[[0], [1, 2]]),
    kd.RenewedTeacher(0.5, renewal=0.125),
    kd.ImportanceSampling(kd.DistilledSGD(0.5), [0.25, 0.75]),
    kd.ImportanceSampling(kd.DistilledSGD(0.5), "optimal"),
    kd.Schedule([0.5, 0.25], [1.0, 0.0]),
    kd.Schedule([0.5, 0.25], None, signal_to_noise=[1.0, 2.0]),
    kd.Schedule([0.5], [[1.0, 0.5]], bound=[np.inf, 2.0]),
    kd.Bernoulli(0.25),
    kd.StochasticRounding(0.125),
]


@pytest.mark.parametrize("made", MADE, ids=lambda made: type(made).__name__)
def test_repr_hash_and_pickle(made: object) -> None:
    again = eval(repr(made), SCOPE)
    assert again is not made and again == made and hash(again) == hash(made)
    back = pickle.loads(pickle.dumps(made))
    assert back == made and hash(back) == hash(made) and repr(back) == repr(made)


def test_each_differs_from_every_other() -> None:
    for i, one in enumerate(MADE):
        assert all(one != other for other in MADE[i + 1 :])
    assert kd.LeastSquares([[1.0]], [1.0], ridge=1.0) != kd.LeastSquares([[1.0]], [1.0], ridge=2.0)
    assert kd.LeastSquares([[1.0]], [1.0]) != kd.LogisticRegression([[1.0]], [1.0])
    # A fraction and the float of the same value ask for different evidence.
    assert kd.LeastSquares([[Fraction(1, 2)]], [1.0]) != kd.LeastSquares([[0.5]], [1.0])
    rows = np.random.default_rng(0).standard_normal((500, 40))
    other = rows.copy()
    other[3, 7] += 1.0  # an entry that the hash does not look at
    one, two = (kd.LeastSquares(features, np.ones(500)) for features in (rows, other))
    assert one != two and hash(one) == hash(two)


def test_what_is_read_back_is_frozen() -> None:
    back = pickle.loads(pickle.dumps(MADE[1]))
    with pytest.raises(ValueError, match="read-only"):
        back.features[0, 0] = 7.0


def test_a_large_problem_is_named_by_its_shapes() -> None:
    assert repr(kd.LeastSquares(np.ones((500, 3)), np.ones(500))) == (
        "<LeastSquares of arrays 500x3, 500>"
    )


def test_a_class_that_does_not_say_its_arguments_is_told() -> None:
    from kdtheory.problems.written import Written

    with pytest.raises(TypeError, match="does not say"):
        repr(Written())


@pytest.mark.parametrize("made", MADE, ids=lambda made: type(made).__name__)
def test_what_is_made_never_changes(made: object) -> None:
    """A ridge or a gradient set afterwards would not be the one that the constants belong to."""
    own = next(iter(vars(made)))
    before = repr(made)
    with pytest.raises(AttributeError):
        setattr(made, own, 2.0)
    with pytest.raises(AttributeError):
        delattr(made, own)
    assert repr(made) == before


def test_derived_members_and_methods_never_change() -> None:
    problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    for name in ("minimiser", "constants", "gradients", "ridge"):
        with pytest.raises(AttributeError, match="LeastSquares never changes, so " + name):
            setattr(problem, name, 2.0)
    with pytest.raises(AttributeError, match="ridge cannot be deleted"):
        del problem.ridge
    assert problem.minimiser.shape == (1,)
