"""A store in which anything was changed is refused, and what is intact can still be replayed."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from kdtheory.campaigns import campaign, replay
from kdtheory.campaigns.batched import STEPS
from kdtheory.campaigns.blocks import SIZE
from kdtheory.campaigns.store import Store
from kdtheory.campaigns.workers import Missing
from kdtheory.cli import main
from kdtheory.errors import InvalidInput, KdtheoryError, StoreFailure

THEOREMS = ["theorem-1-sharp", "unbiased-envelope"]


def begun(path: Path, *, blocks: int = 2, seed: int = 0) -> Path:
    campaign(store=path, instances=blocks * SIZE, workers=1, theorems=THEOREMS, seed=seed)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store of two blocks."""
    return begun(tmp_path_factory.mktemp("store") / "s.sqlite")


def changed(path: Path, *statements: str) -> None:
    base = sqlite3.connect(path)
    for statement in statements:
        base.execute(statement)
    base.commit()
    base.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE results SET noisy = -5 WHERE block = 1",
        "UPDATE results SET ratio = 0.1",
        "UPDATE results SET violated = 'none' WHERE block = 1",
        "UPDATE results SET theorem = 'theorem-9' WHERE theorem = 'unbiased-envelope'",
        "DELETE FROM results WHERE block = 1",
        "DELETE FROM results WHERE block = 1 AND theorem = 'theorem-1-sharp'",
        "DELETE FROM records",
        "DELETE FROM blocks WHERE number = 1",
        "UPDATE blocks SET instances = 1000000",
        "UPDATE blocks SET number = 7 WHERE number = 1",
        "UPDATE records SET ratio = 2 * ratio",
        "UPDATE records SET kind = 'violation'",
        "UPDATE records SET id = id + 100",
        "UPDATE records SET instance = '{}'",
        "UPDATE records SET instance = x'ff'",
        "INSERT INTO results VALUES (9, 'unbiased-envelope', 0, 0, 0.5)",
        "INSERT INTO blocks VALUES (9, 256, 'seal')",
        "UPDATE meta SET value = '{\"seed\": 1}' WHERE key = 'settings'",
        "UPDATE meta SET value = '[]' WHERE key = 'run'",
        "DELETE FROM meta WHERE key = 'seal'",
    ],
)
def test_a_change_from_outside_is_refused(whole: Path, tmp_path: Path, statement: str) -> None:
    """None was: the summary said what the file said."""
    path = Path(shutil.copy(whole, tmp_path))
    changed(path, statement)
    with pytest.raises(InvalidInput, match=r"changed from outside|tampered with"):
        campaign(store=path, instances=2 * SIZE, workers=1, resume=True)


def test_what_is_intact_is_said_and_replayed(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path))
    changed(path, "UPDATE results SET noisy = -5 WHERE block = 1")
    with pytest.raises(InvalidInput, match="1 such blocks; 1 others are intact"):
        campaign(store=path, instances=2 * SIZE, workers=1, resume=True)
    assert replay(1, store=path)[0]["agrees"]  # of block 0
    changed(path, "UPDATE records SET ratio = 0.5 WHERE id = 1")
    with pytest.raises(InvalidInput, match="not those that were stored"):
        replay(1, store=path)


def test_flipped_bytes_change_no_summary(whole: Path, tmp_path: Path) -> None:
    """Refused, or in a place that nobody reads."""
    rng, content = random.Random(0), whole.read_bytes()
    path = tmp_path / "s.sqlite"
    path.write_bytes(content)
    right = campaign(store=path, instances=2 * SIZE, workers=1, resume=True).rows
    refused, used = 0, [place for place, byte in enumerate(content) if byte]
    for _ in range(60):
        bad, place = bytearray(content), rng.choice(used)
        for offset in range(place, min(place + rng.choice([1, 1, 8, 200]), len(content))):
            bad[offset] ^= rng.randrange(1, 256)
        path.write_bytes(bad)
        try:
            found = campaign(store=path, instances=2 * SIZE, workers=1, resume=True)
        except KdtheoryError:
            refused += 1
        else:
            assert found.rows == right
    assert refused > 20


@pytest.mark.slow
def test_two_thousand_flipped_stores(whole: Path, tmp_path: Path) -> None:
    """The whole file, one place after the other; records are read from each as well."""
    rng, content = random.Random(1), whole.read_bytes()
    path = tmp_path / "s.sqlite"
    path.write_bytes(content)
    right = campaign(store=path, instances=2 * SIZE, workers=1, resume=True).rows
    for k in range(2000):
        bad, place = bytearray(content), k * len(content) // 2000
        bad[place] ^= rng.randrange(1, 256)
        path.write_bytes(bad)
        with contextlib.suppress(KdtheoryError):
            assert campaign(store=path, instances=1, workers=1, resume=True).rows == right
        with contextlib.suppress(KdtheoryError):
            assert replay(1, store=path)[0]["agrees"]


def test_the_journal_of_another_run_is_refused(tmp_path: Path) -> None:
    """What lies beside a file that was put in another's place."""
    settings = {"seed": 5, "theorems": THEOREMS, "steps": STEPS, "block": SIZE}
    first = begun(tmp_path / "a.sqlite")
    with Store(tmp_path / "b.sqlite", settings) as base:
        rows = [{"theorem": name, "violated": 0, "noisy": 1, "ratio": 0.5} for name in THEOREMS]
        base.add(0, SIZE, rows, [])
        shutil.copy(tmp_path / "b.sqlite-wal", tmp_path / "a.sqlite-wal")
    assert (tmp_path / "a.sqlite-wal").stat().st_size > 0
    for call in (
        lambda: campaign(store=first, instances=SIZE, workers=1, resume=True),
        lambda: replay(1, store=first),
    ):
        with pytest.raises(InvalidInput):
            call()


def test_a_block_with_results_missing_is_not_stored(tmp_path: Path) -> None:
    settings = {"seed": 5, "theorems": THEOREMS, "steps": STEPS, "block": SIZE}
    with Store(tmp_path / "s.sqlite", settings) as base:
        row = {"theorem": THEOREMS[0], "violated": 0, "noisy": 1, "ratio": 0.5}
        with pytest.raises(StoreFailure, match="asked for theorem-1-sharp, unbiased-envelope"):
            base.add(0, SIZE, [row], [])
        assert base.done() == set()


def test_replay_compares_and_only_reads(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder that nobody may write to, while a campaign holds the file."""
    folder = tmp_path / "s"
    folder.mkdir()
    path = Path(shutil.copy(whole, folder))
    before = path.read_bytes()
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        assert main(["replay", "1", "--store", str(path), "--json"]) == 0
    finally:
        folder.chmod(0o755)
        path.chmod(0o644)
    found = json.loads(capsys.readouterr().out)
    assert found["agrees"]
    assert found["now"] == pytest.approx(found["ratio"], rel=1e-6)
    assert [file.name for file in folder.iterdir()] == [path.name]
    assert path.read_bytes() == before
    with Store(path, None, create=False) as base:
        replay(1, store=path)
        assert len(base.done()) == 2
    right = replay(1, store=path)[0]

    from kdtheory.campaigns import replaying

    monkeypatch.setattr(replaying, "read_record", lambda *given: {**right, "ratio": 0.776})
    assert main(["replay", "1", "--store", str(path)]) == 2
    assert "NOT the ratio on record" in capsys.readouterr().out


def test_every_record_of_a_campaign_agrees(tmp_path: Path) -> None:
    """All statements: the ratio of the blocks is found again by other arithmetic."""
    found = campaign(store=tmp_path / "s.sqlite", instances=SIZE, workers=1)
    for row in found.rows:
        record, _ = replay(row["record"], store=tmp_path / "s.sqlite")
        assert record["agrees"], record


def test_a_great_many_instances_are_counted_and_not_listed(tmp_path: Path) -> None:
    """A list of the blocks of 10^15 instances would have 30 TB."""

    def stop(progress: object) -> None:
        raise KeyboardInterrupt

    found = campaign(
        store=tmp_path / "s.sqlite", instances=10**15, workers=1, theorems=THEOREMS, tick=stop
    )
    assert found.interrupted
    assert found.instances == SIZE
    with pytest.raises(InvalidInput, match="instances must be at most"):
        campaign(store=tmp_path / "s.sqlite", instances=10**40)


def test_missing_blocks_are_those_that_are_not_done() -> None:
    missing = Missing(6, {0, 1, 4, 9})
    assert missing.count == 3
    assert next(missing) == 2
    assert missing.__length_hint__() == 2
    assert list(missing) == [3, 5]
