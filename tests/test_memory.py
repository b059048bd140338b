"""What statements share is found once, and is the same as if it were not."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.evidence import process
from kdtheory.evidence.starts import default_teacher
from kdtheory.evidence.verdicts import verify
from kdtheory.problems import memory
from kdtheory.problems.memory import remembered


def problem(ridge: float = 0.3) -> kd.LogisticRegression:
    rng = np.random.default_rng(3)
    return kd.LogisticRegression(rng.standard_normal((9, 2)), rng.integers(0, 2, 9), ridge=ridge)


class Somebodys:
    """A problem of somebody else, which may change."""

    def __init__(self, inner: kd.LogisticRegression) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def test_a_question_is_answered_once_a_problem():
    first, second = problem(), problem(0.4)
    asked = []
    for where in (first, first, problem(), second, Somebodys(first), Somebodys(first)):
        remembered(where, "what", lambda where=where: asked.append(where))
    assert asked[:2] == [first, second]
    assert len(asked) == 4


def test_memory_is_bounded_and_goes_with_the_problem():
    one = problem()
    for question in range(3 * memory.MOST):
        assert remembered(one, question, lambda question=question: question) == question
    assert len(memory._ANSWERS[one]) == memory.MOST
    ghost = weakref.ref(one)
    del one
    gc.collect()
    assert ghost() is None


@pytest.mark.parametrize(
    ("change", "shared"),
    [
        ({}, True),
        ({"seed": 1}, False),
        ({"weight": 0.3}, False),
        ({"step_size": 0.01}, False),
        ({"at": [0, 5]}, False),
        ({"x0": [2.0, 1.0]}, False),
        ({"theorem": "unbiased-sharp"}, False),
        ({"theorem": "theorem-2"}, False),
        ({"batch_size": 2}, False),
        ({"theorem": "theorem-1-sharp"}, True),
    ],
)
def test_runs_are_shared_only_where_nothing_differs(monkeypatch, change, shared):
    """Every argument that moves an iterate or what is read of it makes new runs; and shared ones
    give the verdict of fresh ones.
    """
    made = []
    right = process.visited
    monkeypatch.setattr(process, "visited", lambda job: made.append(job) or right(job))
    common = {
        "theorem": "theorem-1",
        "weight": 0.2,
        "step_size": 0.02,
        "steps": 6,
        "at": [0, 6],
        "x0": [1.0, 2.0],
        "seed": 0,
        "replicates": 100,
    }
    one = problem()
    verify(one, default_teacher(one), **common)
    before = len(made)
    assert before
    found = verify(one, default_teacher(one), **common | change)
    assert (len(made) == before) == shared
    assert found == verify(problem(), default_teacher(problem()), **common | change)


def test_another_teacher_has_other_statistics():
    one = problem()
    near, far = default_teacher(one), 3.0 * default_teacher(one)
    for theta in (near, far, near):
        found, fresh = (kd.teacher_statistics(which, theta) for which in (one, problem()))
        assert found == fresh
