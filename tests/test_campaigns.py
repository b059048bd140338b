"""Campaigns: the batched numbers are those of verify, and no kill, full disk or second driver harms
the store.
"""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import time
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.campaigns import batched, campaign, driver, replay, workers
from kdtheory.campaigns.batched import KEYS, STEPS, judge
from kdtheory.campaigns.blocks import SIZE, draw
from kdtheory.campaigns.instances import read, written
from kdtheory.campaigns.store import Store
from kdtheory.checks.kills import contents, survive
from kdtheory.cli import main
from kdtheory.errors import InvalidInput, StoreFailure, WorkerFailure


@pytest.mark.parametrize("number", [0, 1, 4, 7])
def test_a_block_says_what_verify_says(number):
    """Every statement, on instances of several shapes and batch sizes: verify's recursion and
    constants share no arithmetic with a block's.
    """
    block = draw(3, number)
    for outcome in judge(block):
        for index in (0, 100, 255):
            arguments = read(json.loads(json.dumps(written(block, outcome.case(index)))))
            if outcome.theorem == "distillation-gradient":
                continue  # verify draws its own x
            problem, theta = arguments.pop("problem"), arguments.pop("theta")
            verdict = kd.verify(problem, theta, method="exact", **arguments)
            assert verdict.status == ("VIOLATED" if outcome.violated[index] else "VERIFIED")
            assert verdict.steps == STEPS
            # Where the noise cancels in second moments, rounding of the uncancelled terms is all
            # that is left.
            if outcome.noisy[index] > 0:
                assert verdict.ratio == pytest.approx(outcome.ratio[index], rel=1e-6)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("theorem-1-envelope", lambda psi: 0.98 * psi),
        ("unbiased-sharp", lambda psi: 0.98 * psi),
        ("theorem-2", lambda psi: 0.7 * psi),
    ],
)
def test_wrong_statements_are_violated(monkeypatch, key, change):
    """The check can fail: bounds that are a little (tight statements) or a good deal (loose ones)
    too small.
    """
    right = kd.THEOREMS[key]
    monkeypatch.setattr(
        batched, "THEOREMS", MappingProxyType({key: replace(right, psi=change(right.psi))})
    )
    assert sum(judge(draw(0, number), (key,))[0].violated.sum() for number in range(4)) > 0


def test_draws_depend_on_seed_and_number_alone():
    assert np.array_equal(draw(1, 5).features, draw(1, 5).features)
    assert draw(1, 5).features.shape != draw(2, 5).features.shape or not np.array_equal(
        draw(1, 5).features, draw(2, 5).features
    )


def test_run_resume_replay(tmp_path, capsys):
    store = tmp_path / "runs.sqlite"
    first = campaign(
        store=store, instances=2 * SIZE, workers=1, theorems=["theorem-1-sharp", "unbiased"]
    )
    assert (first.instances, first.violations) == (2 * SIZE, 0)
    more = campaign(store=store, instances=3 * SIZE, workers=1, resume=True)
    assert [row["instances"] for row in more.rows] == [3 * SIZE] * 2
    assert main(["replay", str(more.rows[0]["record"]), "--store", str(store), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"]["status"] == "VERIFIED"
    assert found["verdict"]["ratio"] >= found["ratio"] * (1 - 1e-9)
    assert (
        main(["campaign", "--store", str(store), "--instances", "256", "--theorem", "unbiased"])
        == 2
    )
    assert "was begun with theorems" in capsys.readouterr().err


def test_a_violation_is_kept_and_replayed(tmp_path, monkeypatch):
    right = kd.THEOREMS["unbiased-sharp"]
    wrong = {**kd.THEOREMS, "unbiased-sharp": replace(right, psi=0.9 * right.psi)}
    monkeypatch.setattr(batched, "THEOREMS", MappingProxyType(wrong))
    found = campaign(
        store=tmp_path / "runs.sqlite", instances=SIZE, workers=1, theorems=["unbiased-sharp"]
    )
    assert found.violations > 0
    record, verdict = replay(1, store=tmp_path / "runs.sqlite")
    assert record["kind"] == "violation"
    assert verdict.status == "VERIFIED"  # replayed against the right statement


def test_killed_campaigns_lose_nothing(tmp_path):
    """Three kills here, each within some blocks of the last; fifty with ``python -m
    kdtheory.checks.kills``.
    """
    found = survive(tmp_path, kills=3, instances=6_000, seed=4, pause=0.2)
    assert found["equal"]
    assert found["blocks"] == -(-6_000 // SIZE)


def test_workers_that_keep_dying_end_the_campaign(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "DEATHS", 2)
    monkeypatch.setattr(driver, "work", suicide)
    with pytest.raises(WorkerFailure, match="died 2 times in a row"):
        campaign(store=tmp_path / "runs.sqlite", instances=3 * SIZE, workers=2)
    assert contents(tmp_path / "runs.sqlite")[0] == []


def suicide(keys: tuple[str, ...], seed: int, number: int) -> None:
    """A block that kills its worker."""
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_between_two_results_loses_no_block():
    """The pool is broken when the next block is handed to it: that block must be done again too."""
    found = workers.processes(echo, range(12), 2)
    seen = [next(found)[0]]
    for child in multiprocessing.active_children():
        child.kill()
        child.join()
    time.sleep(0.5)  # until the pool knows
    seen += [number for number, _ in found]
    assert sorted(seen) == list(range(12))


def echo(number: int) -> int:
    """A block that takes no time."""
    return number


def test_interrupt(tmp_path):
    def stop(progress):
        if progress.done >= 2 * SIZE:
            raise KeyboardInterrupt

    found = campaign(store=tmp_path / "s.sqlite", instances=9 * SIZE, workers=1, tick=stop)
    assert found.interrupted
    assert len(contents(tmp_path / "s.sqlite")[0]) == 2
    assert (
        campaign(store=tmp_path / "s.sqlite", instances=9 * SIZE, workers=1).instances == 9 * SIZE
    )


def test_a_full_disk_leaves_whole_blocks(tmp_path, monkeypatch):
    store = tmp_path / "s.sqlite"
    campaign(store=store, instances=SIZE, workers=1)
    before = contents(store)
    opened = Store._open

    def small(self, settings, create):
        opened(self, settings, create)
        pages = self._base.execute("PRAGMA page_count").fetchone()[0]
        self._base.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own SQLITE_FULL

    monkeypatch.setattr(Store, "_open", small)
    with pytest.raises(StoreFailure, match="No room left"):
        campaign(store=store, instances=40 * SIZE, workers=1)
    monkeypatch.undo()
    after = contents(store)
    assert after[0][: len(before[0])] == before[0]
    assert len(after[1]) == len(KEYS) * len(after[0])
    assert campaign(store=store, instances=3 * SIZE, workers=1).instances >= 3 * SIZE


def test_a_store_in_use(tmp_path):
    settings = {"seed": 0, "theorems": [], "steps": STEPS, "block": SIZE}
    with (
        Store(tmp_path / "s.sqlite", settings),
        pytest.raises(StoreFailure, match="in use by another campaign"),
    ):
        Store(tmp_path / "s.sqlite", settings)


def test_stores_of_another_kind(tmp_path):
    with pytest.raises(InvalidInput, match="No store"):
        Store(tmp_path / "none.sqlite", create=False)
    with pytest.raises(InvalidInput, match="does not exist"):
        Store(tmp_path / "nowhere" / "s.sqlite", {})
    (tmp_path / "text.sqlite").write_text(
        "no database, but long enough to have a header of sixteen bytes\n" * 20
    )
    with pytest.raises(InvalidInput, match="not a campaign store"):
        Store(tmp_path / "text.sqlite", {})
    foreign = sqlite3.connect(tmp_path / "foreign.sqlite")
    foreign.execute("CREATE TABLE other (x)")
    foreign.commit()
    foreign.close()
    with pytest.raises(InvalidInput, match="no campaign store"):
        Store(tmp_path / "foreign.sqlite", {})
    with Store(tmp_path / "s.sqlite", {"seed": 0}) as base:
        base._base.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    with pytest.raises(InvalidInput, match="version 99"):
        Store(tmp_path / "s.sqlite", {"seed": 0})


def test_another_programs_database_is_left_as_it_is(tmp_path):
    """SQLite would write the mode of its journal into it."""
    path = tmp_path / "foreign.sqlite"
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE other (x)")
    foreign.commit()
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match="no campaign store"):
        Store(path, {"seed": 0})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["foreign.sqlite"]


def test_a_store_called_memory_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store(":memory:", {"seed": 0}):
        pass
    assert (tmp_path / ":memory:").stat().st_size > 0


def test_an_empty_file_and_settings_that_nobody_can_read(tmp_path):
    path = tmp_path / "s.sqlite"
    path.touch()
    with pytest.raises(InvalidInput, match="empty"):
        Store(path)
    with Store(path, {"seed": 0, "steps": STEPS, "block": SIZE, "theorems": ["theorem-9"]}):
        pass
    with pytest.raises(InvalidInput, match="Did you mean"):
        campaign(store=path, resume=True)
    with Store(tmp_path / "odd.sqlite", {"seed": -1, "steps": STEPS, "block": SIZE}):
        pass
    with pytest.raises(InvalidInput, match="no campaign of this kdtheory"):
        campaign(store=tmp_path / "odd.sqlite", resume=True)
    for settings, message in (
        ("{}", "readable settings"),
        ("{", "readable settings"),
        ("3", "readable settings"),
    ):
        base = sqlite3.connect(path)
        base.execute("UPDATE meta SET value = ? WHERE key = 'settings'", (settings,))
        base.commit()
        base.close()
        with pytest.raises(InvalidInput, match=message):
            campaign(store=path, resume=True)


def test_ctrl_c_within_a_block_leaves_none_of_it(tmp_path):
    class Interrupting(list):
        def __iter__(self):
            raise KeyboardInterrupt

    with Store(tmp_path / "s.sqlite", {"seed": 0}) as base:
        with pytest.raises(KeyboardInterrupt):
            base.add(0, SIZE, [], Interrupting())
        assert base.done() == set()  # what the summary after Ctrl-C reads


def test_workers_or_scheduler(tmp_path):
    with pytest.raises(InvalidInput, match="Give one of the two"):
        campaign(store=tmp_path / "s.sqlite", workers=2, scheduler="tcp://127.0.0.1:1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format = 1"),
        ({"theta": ["1e9999999"]}, "fractions"),
        ({"ridge": "1/0"}, "denominator 0"),
        ({"features": [["1"], ["1", "2"]]}, "equal length"),
        ({"weight": "9" * 399}, "range of floats"),
        ({"x0": None}, "fractions"),
        ({"theta": ["1", "2", "3", "4", "5", "6"]}, "dimension"),
        ({"theorem": "theorem-9"}, "Did you mean"),
    ],
)
def test_tampered_instances(tmp_path, change, message):
    block = draw(0, 0)
    record = {**written(block, judge(block, ("theorem-1",))[0].case(0)), **change}
    with pytest.raises(InvalidInput, match=message):
        arguments = read(record)
        kd.verify(arguments.pop("problem"), arguments.pop("theta"), **arguments)


def test_a_campaign_without_a_store_leaves_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = ["campaign", "--instances", "9", "--theorem", "theorem-1", "--workers", "1", "--json"]
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["instances"] == SIZE
    assert not list(tmp_path.iterdir())
    assert main(["campaign", "--resume"]) == 2
    assert "Give --store FILE" in capsys.readouterr().err
