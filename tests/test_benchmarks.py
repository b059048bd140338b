"""Every benchmark starts: it imports and knows --quick.  Nothing is timed."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMES = sorted(path.stem for path in (ROOT / "benchmarks").glob("bench_*.py"))


@pytest.fixture(autouse=True)
def root_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def test_there_are_benchmarks() -> None:
    assert {"bench_simulator", "bench_worst_case", "bench_campaign"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_knows_quick(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    monkeypatch.setattr(sys, "argv", [name, "--quick", "--help"])
    with pytest.raises(SystemExit) as stop:
        module.main()
    assert stop.value.code == 0
    assert {"--quick", "--rounds", "--clock"} <= set(
        capsys.readouterr().out.replace(",", " ").split()
    )


def test_quick_is_one_round_unless_told() -> None:
    measure = importlib.import_module("benchmarks.measure")
    parser = measure.arguments("", rounds=7)
    assert [
        measure.parsed(parser, line.split()).rounds
        for line in ("", "--quick", "--quick --rounds 3")
    ] == [7, 1, 3]


def test_two_ways_of_one_quantity_are_both_timed_in_turns() -> None:
    measure = importlib.import_module("benchmarks.measure")
    seen: list[str] = []
    times = measure.interleaved(
        {"a": lambda: seen.append("a"), "b": lambda: seen.append("b")}, rounds=2
    )
    assert seen == ["a", "b"] * 3
    assert {name: len(found) for name, found in times.items()} == {"a": 2, "b": 2}


def test_a_peer_with_half_the_step_is_refused() -> None:
    simulator, peers, cases = (
        importlib.import_module(f"benchmarks.{name}")
        for name in ("bench_simulator", "peers.batched", "peers.case")
    )
    case = cases.make(1000, 50, 256, 500, 10)
    honest = peers.prepare(case, 64)
    simulator.agree(case, {"kdtheory": honest, "same law, other numbers": peers.prepare(case, 256)})
    with pytest.raises(SystemExit, match="half the step simulates something else"):
        simulator.agree(
            case,
            {
                "kdtheory": honest,
                "half the step": peers.prepare(replace(case, gamma=case.gamma / 2), 64),
            },
        )
