"""Pictures: what they show is what the engines and bounds say, and a file is written whole or not
at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from matplotlib.figure import Figure

import kdtheory as kd
from kdtheory.problems.teacher import gap_at
from kdtheory.report.plots import curves, file_names, floors, plot_all, setting, style, teachers
from kdtheory.system.disk import ready_folder


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    """Well-conditioned data: short horizons."""
    rng = np.random.default_rng(3)
    path = tmp_path / "tiny.npz"
    np.savez(path, features=rng.standard_normal((12, 2)), targets=rng.standard_normal(12))
    return str(path)


def test_all_pictures_in_three_formats(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kdtheory.report.plots.RANDOM", ())
    folder = ready_folder(tmp_path / "new" / "out")
    seen: list[str] = []
    pictures = plot_all([tiny], folder, tick=lambda done, total: seen.append(f"{done} of {total}"))
    paths = [path for picture in pictures for path in picture.paths]
    assert sorted(path.name for path in paths) == sorted(file_names([tiny]))
    assert sorted(paths) == sorted(folder.iterdir())  # nothing half-written is left either
    assert len(paths) == 9
    assert seen[-1] == f"draw_teachers {tiny} of 3"
    starts = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF-"}
    before = {path: path.read_bytes() for path in paths}
    assert all(content.startswith(starts[path.suffix]) for path, content in before.items())
    for path in teachers.draw_teachers(tiny, folder).paths:
        assert path.read_bytes() == before[path]  # the same data gives the same file


def test_a_failed_picture_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk in the middle of a file: one line, the old picture intact, no remains."""
    (tmp_path / "x.png").write_bytes(b"old")

    def full(self: Figure, file: BinaryIO, **settings: object) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with pytest.raises(kd.InvalidInput, match="No space left on device"):
        style.save(Figure(), tmp_path, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
    assert (tmp_path / "x.png").read_bytes() == b"old"


@pytest.mark.parametrize(
    "key",
    [
        "theorem-1",
        "theorem-1-refined",
        "theorem-1-sharp",
        "theorem-1-envelope",
        "unbiased-envelope",
    ],
)
def test_floor_curve_is_the_noise_floor(tiny: str, key: str) -> None:
    case = setting.setting_of(tiny, 0)
    weights = np.array([-0.1, 0.0, 0.4, 1.1])
    wanted = [
        kd.noise_floor(case.problem, case.theta, theorem=key, step_size=case.gamma, weight=lam)
        for lam in weights
    ]
    # The curve takes the noise from second moments, the other from a mean of squares: they differ
    # by cancellation only.
    assert floors.floor_curve(case, key, weights) == pytest.approx(wanted, rel=1e-9)


def test_horizon_shows_the_floors(tiny: str) -> None:
    """At the end of the axis every bound and the truth are within 0.1 % of their limits, for a
    start of the floor's size or so.
    """
    case = setting.setting_of(tiny, 0)
    assert case.steps * case.gamma * float(case.problem.constants.mu) >= setting.HORIZON
    seen = curves.truth(case, kd.DistilledSGD(0.3), case.problem.minimiser + 1.0, 0)
    limit = kd.stationary(
        case.problem, case.theta, kd.DistilledSGD(0.3), step_size=case.gamma
    ).sq_distance
    assert seen.mean[-1] == pytest.approx(limit, rel=1e-3)


def test_simulated_curve_is_one_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stages of a simulated curve are the same runs, recorded more and more rarely."""
    monkeypatch.setattr(setting, "SIMULATED", 0.005)
    setting.setting_of.cache_clear()
    case = setting.setting_of("random-sinusoidal", 0)
    x0, rule = np.array([1.0, 2.0]), kd.DistilledSGD(0.5)
    seen = curves.truth(case, rule, x0, 7)
    whole = kd.simulate(
        case.problem,
        case.theta,
        rule,
        step_size=case.gamma,
        x0=x0,
        steps=case.simulated_steps,
        replicates=curves.REPLICATES,
        seed=7,
    )
    setting.setting_of.cache_clear()
    assert (np.diff(seen.times) > 0).all()
    assert (seen.times[0], seen.times[-1]) == (1, case.simulated_steps)
    assert (seen.mean == whole.gap[seen.times]).all()


@pytest.mark.parametrize("source", ["random-least-squares", "random-sinusoidal"])
def test_teachers_have_the_gaps_asked_for(source: str) -> None:
    case = setting.setting_of(source, 0)
    gaps = np.array([gap_at(case.problem, theta) for theta in teachers.teachers(case, 0)])
    assert gaps / gaps[0] == pytest.approx(
        10.0 ** -np.linspace(0.0, teachers.DECADES, teachers.COUNT), rel=1e-6
    )


def test_reduction_is_the_ratio_of_floors() -> None:
    """N(lam*)/N(0) from the closed form is the ratio of two noise floors."""
    case = setting.setting_of("random-least-squares", 0)
    seen = teachers.reductions(case, case.theta)
    for family, name in ((case.paper, "biased"), (case.unbiased, "unbiased")):
        best = kd.optimal_weight(case.problem, case.theta, step_size=case.gamma, criterion=family)
        least, plain = (
            kd.noise_floor(
                case.problem, case.theta, theorem=family, step_size=case.gamma, weight=lam
            )
            for lam in (best, 0.0)
        )
        assert seen[name] == pytest.approx(least / plain, rel=1e-9)
    assert seen["biased, exact"] <= 1.0
    assert seen["unbiased, exact"] <= 1.0
