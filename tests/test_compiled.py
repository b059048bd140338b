"""The compiled engine: the NumPy engine's numbers for every problem and rule, and the same bits
however the work is cut.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.engines.compiled import cache, compress, draws, engine, lanes
from kdtheory.engines.simulate import streams
from kdtheory.rules.experiment import experiment

# One process compiles these kernels, and those of the file beside (make test: --dist loadgroup).
pytestmark = pytest.mark.xdist_group("kernels")
RNG = np.random.default_rng(11)
N, D = 11, 3
FEATURES, SCALES, SHIFTS = (
    RNG.standard_normal((N, D)),
    RNG.uniform(0.5, 1.5, N),
    RNG.standard_normal((N, D)),
)
# Each for a kernel, or a number of replicates in it, of its own; no multiples of eight.
MEDIUM, WIDE, WIDEST = (
    RNG.standard_normal((40, 37)),
    RNG.standard_normal((60, 133)),
    RNG.standard_normal((12, 661)) / 3,
)
PROBLEMS = {
    "least-squares": kd.LeastSquares(FEATURES, RNG.standard_normal(N)),
    "ridge": kd.LeastSquares(FEATURES, RNG.standard_normal(N), ridge=0.2),
    "medium": kd.LeastSquares(MEDIUM, RNG.standard_normal(40), ridge=0.2),
    "wide": kd.LeastSquares(WIDE, RNG.standard_normal(60)),
    "widest": kd.LeastSquares(WIDEST, RNG.standard_normal(12), ridge=0.2),
    "logistic": kd.LogisticRegression(FEATURES, RNG.uniform(0, 1, N), ridge=0.1),
    "logistic-medium": kd.LogisticRegression(MEDIUM, RNG.uniform(0, 1, 40), ridge=0.1),
    "logistic-wide": kd.LogisticRegression(WIDE, RNG.uniform(0, 1, 60), ridge=0.1),
    "softmax": kd.SoftmaxRegression(FEATURES, RNG.integers(0, 6, N), ridge=0.1),
    "sinusoidal": kd.SinusoidalSum(
        RNG.standard_normal((2, D)), SCALES / SCALES.mean(), SHIFTS - SHIFTS.mean(axis=0)
    ),
}
RULES = {
    "biased": kd.DistilledSGD(0.6),
    "unbiased": kd.DistilledSGD(0.6, unbiased=True),
    "batch": kd.DistilledSGD(-0.4, batch_size=3),
    "without": kd.DistilledSGD(0.6, unbiased=True, batch_size=5, replacement=False),
    "rand-k": kd.DistilledSGD(0.6, compressor=kd.RandK(2)),
    "bernoulli": kd.DistilledSGD(0.6, unbiased=True, compressor=kd.Bernoulli(0.9)),
    "rounding": kd.DistilledSGD(0.6, batch_size=2, compressor=kd.StochasticRounding(0.01)),
}
RUN = {"step_size": 0.02, "steps": 40, "replicates": 21, "seed": 2**40 + 5, "record_every": 7}
NAMES = ("sq_distance", "gap", "sq_distance_error", "gap_error")


def arguments(name: str) -> tuple[tuple[object, np.ndarray], dict]:
    problem = PROBLEMS[name]
    return (problem, problem.minimiser + 0.3), {
        **RUN,
        "x0": problem.minimiser + np.linspace(-1, 1, problem.dim),
    }


def same_bits(left, right) -> bool:
    return all((getattr(left, name) == getattr(right, name)).all() for name in NAMES)


@pytest.mark.parametrize(("name", "rule"), list(itertools.product(PROBLEMS, RULES)))
def test_both_engines_agree(name, rule):
    (problem, theta), run = arguments(name)
    slow, fast = (
        kd.simulate(problem, theta, RULES[rule], **run, engine=engine)
        for engine in ("numpy", "numba")
    )
    assert (slow.engine, fast.engine) == ("numpy", "numba")
    for quantity in NAMES:
        # 40 steps of some hundred roundings each; errors are differences of like numbers, and f -
        # f* of a classifier cancels.
        assert getattr(fast, quantity) == pytest.approx(
            getattr(slow, quantity), rel=1e-10, abs=1e-12
        ), quantity


@pytest.mark.parametrize("name", ["least-squares", "wide", "softmax", "sinusoidal"])
def test_agreement_can_fail(name):
    """Another index stream, weight or compressor is far outside the tolerance above."""
    (problem, theta), run = arguments(name)
    slow = kd.simulate(problem, theta, RULES["biased"], **run, engine="numpy").sq_distance
    for rule, changed in (
        (RULES["biased"], {"seed": run["seed"] + 1}),
        (kd.DistilledSGD(0.6001), {}),
        (RULES["rounding"], {}),
    ):
        assert kd.simulate(problem, theta, rule, **{**run, **changed}, engine="numba").sq_distance[
            1:
        ] != pytest.approx(slow[1:], rel=1e-8)


CUTS = [
    ("ridge", "biased"),
    ("medium", "unbiased"),
    ("wide", "biased"),
    ("widest", "unbiased"),
    ("softmax", "without"),
    ("logistic", "rand-k"),
    ("sinusoidal", "batch"),
]


@pytest.mark.parametrize(("name", "rule"), CUTS)
def test_same_bits_for_any_threads_and_any_pieces(name, rule, monkeypatch):
    (problem, theta), run = arguments(name)
    run = {**run, "replicates": 85, "engine": "numba"}
    whole = kd.simulate(problem, theta, RULES[rule], **run, threads=1)
    for threads in (2, 3):
        assert same_bits(whole, kd.simulate(problem, theta, RULES[rule], **run, threads=threads))
    monkeypatch.setattr(engine, "BUFFER", 32 * 11 * 2)  # two records at a time
    monkeypatch.setattr(engine, "TASKS_PER_THREAD", 3)
    assert same_bits(whole, kd.simulate(problem, theta, RULES[rule], **run, threads=2))


@pytest.mark.parametrize("chosen", ["numpy", "numba"])
@pytest.mark.parametrize(("name", "rule"), CUTS)
def test_a_resumed_run_is_the_run(name, rule, chosen):
    (problem, theta), run = arguments(name)
    run["engine"] = chosen
    whole = kd.simulate(problem, theta, RULES[rule], **run)
    state, parts = None, []
    for steps in (0, 1, 14, 19, 40):  # odd and even times: a counter serves two
        parts.append(
            kd.simulate(problem, theta, RULES[rule], **{**run, "steps": steps}, resume=state)
        )
        state = parts[-1].state
    for quantity in NAMES:
        found = {
            int(t): value
            for part in parts
            for t, value in zip(part.steps, getattr(part, quantity), strict=True)
        }
        assert [found[int(t)] for t in whole.steps] == getattr(whole, quantity).tolist()
    assert (state.values[: run["replicates"]] == whole.state.values[: run["replicates"]]).all()


def test_a_replicate_does_not_depend_on_how_many_there_are():
    (problem, theta), run = arguments("ridge")
    few, many = (
        kd.simulate(problem, theta, RULES["biased"], **{**run, "replicates": r}, engine="numba")
        for r in (10, 50)
    )
    assert (few.state.values[:10] == many.state.values[:10]).all()


def test_resume_belongs_to_its_run():
    (problem, theta), run = arguments("ridge")
    state = kd.simulate(
        problem, theta, RULES["biased"], **{**run, "steps": 5}, engine="numpy"
    ).state
    for changed in ({"seed": 1}, {"replicates": 8}, {"steps": 5}):
        with pytest.raises(kd.InvalidInput, match="resume holds 21 replicates"):
            kd.simulate(problem, theta, RULES["biased"], **{**run, **changed}, resume=state)
    with pytest.raises(kd.InvalidInput, match="frame 'points'"):
        kd.simulate(problem, theta, RULES["biased"], **run, engine="numba", resume=state)


def test_quantities():
    (problem, theta), run = arguments("logistic")
    both = kd.simulate(problem, theta, RULES["biased"], **run, engine="numba")
    one = kd.simulate(
        problem, theta, RULES["biased"], **run, engine="numba", quantities=("sq_distance",)
    )
    assert (one.sq_distance == both.sq_distance).all()
    assert one.gap.shape == (0,)
    with pytest.raises(kd.InvalidInput, match="gap was not recorded"):
        one.gap_interval(0.9)
    with pytest.raises(kd.InvalidInput, match="Did you mean 'gap'"):
        kd.simulate(problem, theta, RULES["biased"], **run, quantities=("gaps",))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("least-squares", "biased"),
        ("medium", "biased"),
        ("wide", "biased"),
        ("widest", "biased"),
        ("softmax", "batch"),
        ("ridge", "rand-k"),
    ],
)
def test_divergence_is_dated_as_by_numpy(name, rule):
    (problem, theta), run = arguments(name)
    said = []
    for chosen in ("numpy", "numba"):
        with pytest.raises(kd.Diverged) as caught:
            kd.simulate(
                problem,
                theta,
                RULES[rule],
                **{**run, "step_size": 3000.0, "steps": 400, "record_every": 50},
                engine=chosen,
            )
        said.append(str(caught.value))
    assert said[0].startswith("An iterate is no longer finite at t = ")
    assert said[0] == said[1]


def test_overflow_of_squares_is_dated():
    (problem, theta), run = arguments("least-squares")
    said = []
    for chosen in ("numpy", "numba"):
        with pytest.raises(kd.Diverged, match="overflows at t") as caught:
            kd.simulate(
                problem,
                theta,
                RULES["biased"],
                **{**run, "step_size": 3000.0, "record_every": 1},
                engine=chosen,
            )
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("counter", "key", "output"),
    [  # Random123's known answers for philox4x32-10
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_known_answers(counter, key, output):
    found = streams.philox(tuple(np.array([word], dtype=np.uint64) for word in counter), key)
    assert tuple(int(word[0]) for word in found) == output
    bits = call(draws.philox, *(np.uint64(word) for word in (*counter, *key)))
    assert [int(word) for word in bits] == [
        output[1] << 32 | output[0],
        output[3] << 32 | output[2],
    ]


def call(helper, *args):
    """A helper has no way in from Python: through a function that has."""
    import numba

    return numba.njit(lambda *given: helper(*given))(*args)


def test_indices_of_both_engines_and_their_uniformity():
    n, times, runs, seed = 1000, 2000, 50, 123456789012345
    slow = streams.below(streams.words(seed, 0, times, runs, 1, streams.INDEX), n)[:, :, 0]
    fast = np.empty((runs, times), dtype=np.intp)
    key = np.array(streams.split_seed(seed), dtype=np.uint64)
    import numba

    @numba.njit
    def fill(out):
        for replicate in range(len(out)):
            draws.draw_indices(out[replicate], 0, 0, out.shape[1], replicate, key, n)

    fill(fast)
    assert (slow == fast.T).all()
    counts = np.bincount(slow.ravel(), minlength=n)
    chi_square = ((counts - slow.size / n) ** 2).sum() / (slow.size / n)
    # Mean n - 1, variance 2 (n - 1); fixed seed, five standard deviations.
    assert abs(chi_square - (n - 1)) < 5 * np.sqrt(2 * (n - 1))
    # Times that share a counter, and do not.
    pairs = np.bincount((slow[:-1] // 100 * 10 + slow[1:] // 100).ravel(), minlength=100)
    expected = pairs.sum() / 100
    assert abs(((pairs - expected) ** 2).sum() / expected - 99) < 5 * np.sqrt(2 * 99)


def test_windows_of_words_are_the_words():
    whole = streams.words(7, 0, 21, 3, 2, streams.INDEX)
    assert (streams.words(7, 5, 12, 3, 2, streams.INDEX) == whole[5:12]).all()
    window = streams.Draws(7, 3, 2, streams.INDEX, lambda bits: bits)
    assert all((window.at(t, 21) == whole[t]).all() for t in (3, 4, 5, 20, 0))
    wide = streams.words(7, 2, 4, streams.AT_ONCE, 5, 0)  # made a few replicates at once
    assert (wide[:, :3, :2] == whole[2:4]).all()
    at = tuple(np.array([word], dtype=np.uint64) for word in (1, streams.AT_ONCE - 1, 4, 0))
    low, high, *_ = streams.philox(at, streams.split_seed(7))
    assert int(wide[0, -1, 4]) == int(high[0]) * 2**32 + int(low[0])


def test_batches_without_replacement_are_uniform_subsets():
    drawn = streams.batches(
        streams.words(5, 0, 40, 500, 3, streams.INDEX), 6, replacement=False
    ).reshape(-1, 3)
    assert all(len(set(row)) == 3 for row in drawn[:500].tolist())
    _, counts = np.unique(np.sort(drawn, axis=1), axis=0, return_counts=True)
    assert len(counts) == 20
    assert (np.abs(counts - 1000) < 5 * np.sqrt(1000)).all()


def test_exponential_and_quickselect():
    import numba

    @numba.njit(fastmath=cache.FASTMATH)
    def exponentials(x, out):
        for j in range(0, len(x), 8):
            lanes.store(out, j, lanes.exponential(lanes.load(x, j)))

    x = np.concatenate([np.linspace(-708, 708, 1000), np.linspace(-1, 1, 1000)])
    out = np.empty_like(x)
    exponentials(x, out)
    # Both within two units in the last place of the truth.
    assert np.abs(out / np.exp(x) - 1).max() < 5e-16
    edges = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-300, 709.0, -1e9])
    exponentials(edges, out)
    assert np.isnan(out[0])
    assert out[3:6].tolist() == [1.0, 1.0, 1.0]
    keys = RNG.permutation(np.repeat(np.arange(20.0), 2))
    for k in (1, 7, 40):
        assert call(compress.smallest, keys.copy(), k) == np.sort(keys)[k - 1]


def test_engine_names_and_what_the_compiled_one_takes():
    (problem, theta), run = arguments("ridge")
    with pytest.raises(kd.InvalidInput, match="Did you mean 'numba'"):
        kd.simulate(problem, theta, RULES["biased"], **run, engine="nimba")

    class Own(kd.LeastSquares):
        """A subclass may mean anything."""

    own = Own(FEATURES, np.ones(N))
    assert kd.simulate(own, theta, RULES["biased"], **run).engine == "numpy"
    with pytest.raises(kd.InvalidInput, match="got Own"):
        kd.simulate(own, theta, RULES["biased"], **run, engine="numba")


def test_auto_compiles_where_it_pays():
    from kdtheory.engines.simulate.choice import engine_for
    from kdtheory.engines.simulate.job import Job

    (problem, theta), _ = arguments("ridge")

    def chosen(steps: int, replicates: int) -> str:
        return engine_for(
            "auto",
            Job(
                experiment(problem, theta, RULES["biased"], step_size=0.02, x0=theta),
                np.array([steps]),
                replicates,
                0,
                gap=False,
                resume=None,
            ),
        )

    assert [chosen(100, 200), chosen(100_000, 2000)] == ["numpy", "numba"]


def test_cache_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "own"))
    assert cache.directory().parent == tmp_path / "own"
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "below"))
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text(
        "a file where the home should be: nothing can be written below it"
    )
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    private = cache.directory()
    assert private.parent.parent.name.startswith("cache-")
    private.chmod(0o777)  # anyone could leave code there
    assert cache.directory() is None


def test_a_folder_that_everybody_may_rename_is_no_cache(tmp_path, monkeypatch):
    """Whoever can write to a folder above can put code of his own in the cache's place."""
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(shared / "mine"))
    shared.chmod(0o777)
    assert cache.directory() is None
    shared.chmod(0o1777)  # as /tmp: only owners rename
    assert cache.directory().parent == shared / "mine"
    shared.chmod(0o755)
    assert cache.directory().parent == shared / "mine"


def test_runs_where_nothing_can_be_cached():
    """A home that cannot be written, in a process of its own."""
    code = (
        "import numpy as np, kdtheory as kd; p = kd.LeastSquares(np.eye(3), np.ones(3));"
        " print(kd.simulate(p, np.ones(3), kd.DistilledSGD(0.5), step_size=0.1, x0=np.zeros(3),"
        " steps=3, replicates=2, seed=1, engine='numba',"
        " quantities=('sq_distance',)).sq_distance.tolist())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NUMBA_CACHE_DIR": "/proc/nothing/can/be/made/here"},
    )
    problem = kd.LeastSquares(np.eye(3), np.ones(3))
    run = kd.simulate(
        problem,
        np.ones(3),
        kd.DistilledSGD(0.5),
        step_size=0.1,
        x0=np.zeros(3),
        steps=3,
        replicates=2,
        seed=1,
        engine="numpy",
    )
    assert json.loads(found.stdout) == pytest.approx(run.sq_distance.tolist(), rel=1e-12)
