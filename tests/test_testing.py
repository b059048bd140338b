"""kdtheory.testing: right updates pass in every precision, wrong ones are caught and named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as profile

import kdtheory as kd
from kdtheory.testing import Setting, check_step, check_update, checks_for, settings
from kdtheory.testing.drawing import drawn

CLASSES = (kd.LeastSquares, kd.LogisticRegression, kd.SoftmaxRegression)
STATEMENTS = ("theorem-1", "theorem-1-envelope", "theorem-2", "unbiased", "unbiased-pl-envelope")


def parts(s: Setting):
    """Gradients at x and at the teacher as functions, for steps written by hand."""
    H = s.problem.gradients(s.teacher)
    return s.problem.gradients, H, H.mean(axis=0), s.step_size, s.weight


def momentum(s: Setting):
    G, H, _, gamma, lam = parts(s)
    state = {"v": np.zeros(s.problem.dim)}

    def step(x, n):
        state["v"] = 0.9 * state["v"] + G(x)[n] - lam * H[n]
        return x - gamma * state["v"]

    return step


def counting(s: Setting):
    """A step size that falls with the number of calls."""
    G, H, _, gamma, lam = parts(s)
    calls = [0]

    def step(x, n):
        calls[0] += 1
        return x - gamma / np.sqrt(calls[0]) * (G(x)[n] - lam * H[n])

    return step


def random_index(s: Setting):
    G, H, _, gamma, lam = parts(s)
    rng = np.random.default_rng(0)
    return lambda x, n: x - gamma * (G(x) - lam * H)[rng.integers(len(H))]


def simple(direction):
    """A wrong update from its direction in (G, H, h, lam, x, n, s)."""

    def factory(s: Setting):
        G, H, h, gamma, lam = parts(s)
        return lambda x, n: x - gamma * direction(G(x), H, h, lam, x, n, s)

    return factory


def transposed(s: Setting):
    """The teacher's weights read column by column."""
    outputs = getattr(s.problem, "n_outputs", 1)
    other = s.teacher.reshape(outputs, -1).T.ravel() if outputs > 1 else s.teacher[::-1]
    G, gamma, lam, H = s.problem.gradients, s.step_size, s.weight, s.problem.gradients(other)
    return lambda x, n: x - gamma * (G(x)[n] - lam * H[n])


def softened(s: Setting):
    """The teacher's gradient at half its size, as at a temperature."""
    other = s.problem.gradients(s.teacher / 2)
    return lambda x, n: x - s.step_size * (s.problem.gradients(x)[n] - s.weight * other[n])


def ridgeless(G, H, h, lam, x, n, s):
    """Weight decay on the student, not on the teacher."""
    return G[n] - lam * (H[n] - s.problem.ridge * s.teacher)


WRONG = {
    "no teacher": simple(lambda G, H, h, lam, x, n, s: G[n]),
    "sign of the weight": simple(lambda G, H, h, lam, x, n, s: G[n] + lam * H[n]),
    "sign of the step": simple(lambda G, H, h, lam, x, n, s: -(G[n] - lam * H[n])),
    "weight on the label": simple(lambda G, H, h, lam, x, n, s: G[n] - (1 - lam) * H[n]),
    "student weighted too": simple(lambda G, H, h, lam, x, n, s: (1 - lam) * G[n] - lam * H[n]),
    "weight squared": simple(lambda G, H, h, lam, x, n, s: G[n] - lam**2 * H[n]),
    "weight 1.02 times": simple(lambda G, H, h, lam, x, n, s: G[n] - 1.02 * lam * H[n]),
    "weight 0.9 times": simple(lambda G, H, h, lam, x, n, s: G[n] - 0.9 * lam * H[n]),
    "weight clipped": simple(lambda G, H, h, lam, x, n, s: G[n] - np.clip(lam, 0, 1) * H[n]),
    "step 1.02 times": simple(lambda G, H, h, lam, x, n, s: 1.02 * (G[n] - lam * H[n])),
    "step 0.98 times": simple(lambda G, H, h, lam, x, n, s: 0.98 * (G[n] - lam * H[n])),
    "twice": simple(lambda G, H, h, lam, x, n, s: 2 * (G[n] - lam * H[n])),
    "half": simple(lambda G, H, h, lam, x, n, s: (G[n] - lam * H[n]) / 2),
    "teacher at x": simple(lambda G, H, h, lam, x, n, s: G[n] - lam * G[n]),
    "next index for both": simple(lambda G, H, h, lam, x, n, s: (G - lam * H)[n - 1]),
    "teacher's next index": simple(lambda G, H, h, lam, x, n, s: G[n] - lam * H[n - 1]),
    "full gradient of the teacher": simple(lambda G, H, h, lam, x, n, s: G[n] - lam * h),
    "full gradient of the student": simple(lambda G, H, h, lam, x, n, s: G.mean(0) - lam * H[n]),
    "unbiased instead": simple(lambda G, H, h, lam, x, n, s: G[n] - lam * (H[n] - h)),
    "sum instead of mean": simple(lambda G, H, h, lam, x, n, s: (G - lam * H)[n] * len(H)),
    "weight decay": simple(lambda G, H, h, lam, x, n, s: G[n] - lam * H[n] + 0.01 * x),
    "weight decay not distilled": simple(ridgeless),
    "sign of the gradient": simple(lambda G, H, h, lam, x, n, s: np.sign(G[n] - lam * H[n])),
    "momentum": momentum,
    "a falling step size": counting,
    "its own random index": random_index,
    "transposed weights": transposed,
    "a softened teacher": softened,
    "last coordinate forgotten": simple(
        lambda G, H, h, lam, x, n, s: (G[n] - lam * H[n]) * (np.arange(len(x)) < len(x) - 1)
    ),
}


def caught(factory, kind: type, *, seed: int = 0, instances: int = 40) -> int:
    """How many checks object on settings of one class of problems."""
    count = 0
    for check in checks_for(factory, ["theorem-1"], instances=instances, seed=seed):
        if check.name == "batches":
            continue  # these updates are written for one index
        try:
            look(check, kind)
        except AssertionError:
            count += 1
    return count


def look(check, kind: type) -> None:
    from kdtheory.testing.suite import CHECKS

    for setting in drawn(check.theorem, check.instances, seed=check.seed):
        if type(setting.problem) is kind:
            CHECKS[check.name](check, setting)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_update_is_caught(name, kind):
    assert caught(WRONG[name], kind) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_wrong_updates_are_caught_on_twenty_seeds(seed):
    missed = [
        (name, kind.__name__)
        for name in WRONG
        for kind in CLASSES
        if not caught(WRONG[name], kind, seed=seed)
    ]
    assert missed == []


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("theorem", STATEMENTS)
def test_the_right_update_passes(theorem, dtype):
    def factory(s: Setting):
        def step(x, n):
            assert x.dtype == dtype
            return s.step(x, n).astype(dtype)

        return step

    for check in checks_for(factory, [theorem], dtype=dtype, instances=15):
        check()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_the_right_update_passes_on_twenty_seeds(seed):
    for dtype in ("float64", "float32"):
        for check in checks_for(lambda s: s.step, STATEMENTS, dtype=dtype, seed=seed, instances=40):
            check()


def single(s: Setting):
    """The rule computed in float32 throughout."""
    A = s.problem.features.astype("float32")
    b = s.problem.targets.astype("float32")
    theta, gamma = s.teacher.astype("float32"), np.float32(s.step_size)
    lam, ridge = np.float32(s.weight), np.float32(s.problem.ridge)

    def gradient(x, n):
        return (A[n] @ x - b[n]) * A[n] + ridge * x

    return lambda x, n: x - gamma * (gradient(x, n) - lam * gradient(theta, n))


def test_a_step_computed_in_single_precision_passes():
    for setting in drawn("theorem-1", 60):
        if type(setting.problem) is kd.LeastSquares:
            step = single(setting)
            check_update(lambda x, n, step=step: step(x.astype("float32"), n), setting)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sign of the weight", r"\+0.5 H_n, expected -0.5 H_n"),
        ("twice", r"\+2 G_n, expected \+1 G_n"),
        ("weight decay", r"\+0.01 x, expected \+0 x"),
        ("full gradient of the teacher", r"\+0 H_n, expected -0.5 H_n; -0.5 h, expected \+0 h"),
        ("its own random index", "no combination of G_n, H_n, h and x explains it"),
    ],
)
def test_the_message_names_the_term(name, words):
    rng = np.random.default_rng(1)
    problem = kd.LeastSquares(rng.standard_normal((5, 2)), rng.standard_normal(5), ridge=0.5)
    good = Setting("theorem-1", problem, [1.0, -1.0], [0.5, 2.0], 0.0625, 0.5)
    with pytest.raises(AssertionError, match=words) as raised:
        check_update(WRONG[name](good), good)
    assert repr(good) in str(raised.value)


def test_what_is_printed_can_be_pasted():
    """A shrunk failure holds the setting as code: evaluated, it fails in the same way."""

    @given(settings("theorem-1", batch_sizes=[1]))
    def never(s):
        check_update(WRONG["sign of the step"](s), s)

    with pytest.raises(AssertionError) as raised:
        never()
    notes = "\n".join(getattr(raised.value, "__notes__", []))
    line = next(line for line in notes.splitlines() if "s=Setting(" in line)
    text = line.split("  # ")[0]  # Hypothesis remarks on values that do not matter
    scope = {name: getattr(kd, name) for name in kd.__all__} | {"Setting": Setting}
    again = eval(text.strip().removeprefix("s=").removesuffix(","), scope)
    with pytest.raises(AssertionError, match="differs from the rule"):
        check_update(WRONG["sign of the step"](again), again)


@pytest.mark.parametrize(
    "kind", [*CLASSES, kd.SinusoidalSum, kd.DistilledSGD], ids=lambda kind: kind.__name__
)
def test_hypothesis_knows_our_types(kind):
    @profile(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(strategies.from_type(kind))
    def drawn_of_it(made):
        assert type(made) is kind

    drawn_of_it()


def test_check_step_says_why():
    s = drawn("theorem-1", 20)[-1]
    words = {"theorem": s.theorem, "step_size": s.step_size, "weight": s.weight}
    check_step(s.step, s.problem, s.teacher, **words)
    with pytest.raises(AssertionError, match="VIOLATED"):
        check_step(lambda x, n: 3.0 * x + 1.0, s.problem, s.teacher, **words)
    with pytest.raises(kd.InvalidInput, match="finite"):
        check_update(lambda x, n: x * np.nan, s)


def test_a_step_may_write_every_answer_into_one_array():
    s = drawn("theorem-1", 20)[-1]
    out = np.empty(s.problem.dim)

    def step(x, n):
        out[:] = s.step(x, n)
        return out

    check_update(step, s)
