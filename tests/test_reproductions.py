"""Results that can fail, files and the command; the cheapest three experiments whole."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from kdtheory.cli import main
from kdtheory.reproductions import NAMES, experiment
from kdtheory.reproductions.output import page, write
from kdtheory.reproductions.result import Interval, Reproduction, spread

DOCS = Path(__file__).parents[1] / "docs"


def result(number: float) -> Reproduction:
    return Reproduction(
        {"a": number}, {"a": Interval(0.0, 1.0, "theory: a share")}, "Seen.", Figure()
    )


def test_a_number_outside_its_interval_fails():
    assert result(0.5).outside == []
    for wrong in (1.5, -0.1, math.nan):
        assert "outside [0, 1] (theory: a share)" in result(wrong).outside[0]
        assert result(wrong).to_dict()["as_expected"] is False
    with pytest.raises(AssertionError):
        Reproduction({"a": 1.0, "b": 1.0}, {"a": Interval(0.0, 1.0, "theory")}, "", Figure())
    assert spread(0.9, 0.1, high=1.0).high == 1.0 and spread(0.9, 0.1).low == pytest.approx(0.4)


def test_a_failed_reproduction_exits_with_1(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(experiment("R4"), "run", lambda seed: result(2.0))
    assert main(["reproduce", "R4", "--out", str(tmp_path)]) == 1
    assert "NOT as expected" in capsys.readouterr().out
    assert json.loads((tmp_path / "R4.json").read_text())["as_expected"] is False


def test_cheapest_three(capsys, tmp_path):
    assert main(["reproduce", "R3", "R4", "R8", "--out", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"R3", "R4", "R8"}
    for name in found:
        assert (tmp_path / f"{name}.svg").read_text().startswith("<?xml")
        assert (tmp_path / f"{name}.png").stat().st_size < 100_000
        committed = json.loads((DOCS / "reproductions" / f"{name}.json").read_text())
        for key, one in committed["numbers"].items():
            # A difference of two equal numbers is rounding, which is each machine's own.
            if "- 1" not in key:
                assert found[name]["numbers"][key]["value"] == pytest.approx(
                    one["value"], rel=1e-4
                ), key
        assert committed["as_expected"]


def test_the_page_shows_all():
    text = (DOCS / "reproductions" / "README.md").read_text()
    for name in NAMES:
        assert f"## {name}: {experiment(name).TITLE} (as expected)" in text
        assert (
            json.loads((DOCS / "reproductions" / f"{name}.json").read_text())["paragraph"] in text
        )
        assert (DOCS / "reproductions" / f"{name}.png").stat().st_size < 100_000


def test_page_keeps_to_what_is_there(tmp_path):
    write("R2", result(0.5), tmp_path)
    page(tmp_path)
    assert (
        "R2" in (tmp_path / "README.md").read_text()
        and "R3" not in (tmp_path / "README.md").read_text()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["R99"], "Unknown reproduction 'R99'"),
        ([], "--all"),
        (["R3", "--all"], "not both"),
        (["R3", "--seed", "-1"], "seed must be >= 0"),
        (["R3", "--spread", "1"], "spread must be >= 2"),
    ],
)
def test_mistakes(capsys, arguments, message):
    assert main(["reproduce", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_that_cannot_be_made(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert main(["reproduce", "R3", "--out", str(tmp_path / "file")]) == 2
    assert "Cannot write to" in capsys.readouterr().err


def test_spread_over_seeds(capsys):
    assert main(["reproduce", "R4", "--spread", "2"]) == 0
    assert "R4 slope for good teachers, true: mean 0.99999" in capsys.readouterr().out


def test_a_wrong_weight_makes_r4_fail(monkeypatch):
    """The mutant: lambda deg a fifth too large.  No weight but the right one keeps the floor below
    both S0 and the teacher.
    """
    module = experiment("R4")
    right = module.optimal_weight
    monkeypatch.setattr(
        module, "optimal_weight", lambda *args, **options: 1.2 * right(*args, **options)
    )
    outside = module.run(0).outside
    assert any("largest floor / min(S0, |theta - x*|^2)" in text for text in outside)
