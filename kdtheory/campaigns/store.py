"""Where a campaign keeps what it found: one SQLite file, one transaction a block.

A block is either in the store with everything that it found, or not there at all: whatever kills
the driver, a second run knows exactly which blocks are missing.  Every block is sealed
(:mod:`kdtheory.campaigns.seals`), and a store in which one is not as it was written is refused.
While a campaign runs it holds the file (exclusive locking): two drivers cannot share it.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from kdtheory.campaigns.seals import (
    Row,
    broken_blocks,
    seal_of_block,
    seal_of_run,
    stamp_in,
    stamp_of,
)
from kdtheory.errors import InvalidInput, StoreFailure
from kdtheory.system.disk import refuse_unplain

VERSION = 2
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE blocks (number INTEGER PRIMARY KEY, instances INTEGER NOT NULL,
    seal TEXT NOT NULL);
CREATE TABLE results (
    block INTEGER NOT NULL REFERENCES blocks (number), theorem TEXT NOT NULL,
    violated INTEGER NOT NULL, noisy INTEGER NOT NULL, ratio REAL NOT NULL,
    PRIMARY KEY (block, theorem)
) WITHOUT ROWID;
CREATE TABLE records (
    id INTEGER PRIMARY KEY, block INTEGER NOT NULL REFERENCES blocks (number),
    theorem TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('violation', 'tightest')),
    ratio REAL NOT NULL, instance TEXT NOT NULL
);
"""


class Store:
    """An open store; use it as a context manager.

    Args:
        path: the file; its folder must exist.
        settings: what fixes the instances (seed, theorems, ...); None to take those of an existing
            store.
        create: make the file when it is not there.

    Raises:
        InvalidInput: no such file, no store, another version, other settings than those it was
            begun with, or blocks that are not as they were written.
        StoreFailure: locked by a running campaign, unreadable, or no room on the disk.
    """

    def __init__(
        self, path: str | Path, settings: Row | None = None, *, create: bool = True
    ) -> None:
        """See the class."""
        self.path = Path(path)
        # Of os: Path's raises where the name is too long.
        if not os.path.exists(path) and not create:
            raise InvalidInput(
                f"No store {str(path)!r}. Start one with: kdtheory campaign --store {path}"
            )
        if not os.path.isdir(self.path.parent):
            raise InvalidInput(
                f"The folder of the store {str(path)!r} does not exist; make it first."
            )
        if os.path.exists(path):
            refuse_unplain(path)
        with self._said():
            # Absolute, for SQLite would keep ":memory:" in memory.  isolation_level None:
            # transactions are the ones written below, none is opened behind our back.
            self._base = sqlite3.connect(os.path.abspath(path), timeout=2.0, isolation_level=None)
        try:
            with self._said():
                self._open(settings, create)
        except BaseException:
            self._base.close()
            raise

    def _open(self, settings: Row | None, create: bool) -> None:
        header = self.path.read_bytes()[:100] if self.path.stat().st_size >= 100 else b""
        self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._base.execute("BEGIN EXCLUSIVE")
        tables = {
            name
            for (name,) in self._base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if not tables and create and settings is not None:
            for statement in SCHEMA.split(";"):
                self._base.execute(statement)
            run = secrets.token_hex(8)
            seal = seal_of_run(run, settings)
            wanted = {"version": VERSION, "settings": settings, "run": run, "seal": seal}
            # Before the journal is WAL, so that it stands in the file itself.
            self._base.execute(f"PRAGMA user_version = {stamp_of(run)}")
            header = b""
            self._base.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [(key, json.dumps(value)) for key, value in wanted.items()],
            )
        elif "meta" not in tables:
            raise InvalidInput(
                f"{str(self.path)!r} is a database, but no campaign store. Choose another file."
                if tables
                else (
                    f"{str(self.path)!r} is empty, no campaign store yet. Begin one without"
                    " --resume."
                )
            )
        found = self._meta()
        self._base.execute("COMMIT")
        if found["version"] != VERSION:
            raise InvalidInput(
                f"{str(self.path)!r} is a store of version {found['version']}, this kdtheory writes"
                f" version {VERSION}. Use the kdtheory that made it, or another file."
            )
        # Only now that the file is known to be ours: this is written into it.
        self._base.execute("PRAGMA journal_mode = WAL")
        # A power cut may lose the last blocks, never the file.
        self._base.execute("PRAGMA synchronous = NORMAL")
        self.settings: Row = found["settings"]
        self.run: str = found["run"]
        if header and stamp_in(header) != stamp_of(self.run):
            raise InvalidInput(
                f"Beside {str(self.path)!r} lies the journal ({self.path.name}-wal) of another run,"
                " which hides this one. Move the journal away, and run the command again."
            )
        self._refuse_broken()
        if settings is not None and settings != self.settings:
            names = [
                key
                for key in {**settings, **self.settings}
                if settings.get(key) != self.settings.get(key)
            ]
            said = ", ".join(
                f"{name} = {self.settings.get(name)!r} (asked for {settings.get(name)!r})"
                for name in sorted(names)
            )
            raise InvalidInput(
                f"{str(self.path)!r} was begun with {said}. Use --resume to go on with its own"
                " settings, or another file."
            )

    def _meta(self) -> Row:
        try:
            found = {
                key: json.loads(value)
                for key, value in self._base.execute("SELECT key, value FROM meta")
            }
        except (ValueError, TypeError, RecursionError):
            found = {}
        whole = isinstance(found.get("settings"), dict) and (
            # Another version's is told apart before its settings are looked at.
            found.get("version") not in (None, VERSION)
            or found.get("seal") == seal_of_run(found.get("run", ""), found["settings"])
        )
        if not whole:
            raise InvalidInput(
                f"{str(self.path)!r} has no readable settings: it is no campaign store, or was"
                " tampered with. Choose another file."
            )
        return found

    def _refuse_broken(self) -> None:
        """``InvalidInput`` that says what is intact, unless every block is as it was written."""
        (found,) = self._base.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise InvalidInput(
                f"{str(self.path)!r} is damaged (SQLite: {' '.join(found.split())}). Begin another"
                " file: the same seed gives the same blocks."
            )
        broken = broken_blocks(self._base, self.run)
        if broken:
            number = min(broken)
            intact = len(self.done() - set(broken))
            raise InvalidInput(
                f"{str(self.path)!r} was changed from outside: block {number}, {broken[number]}"
                f" ({len(broken)} such blocks; {intact} others are intact, and their records can"
                " be replayed). Begin another file: the same seed gives the same blocks."
            )

    @contextmanager
    def _said(self) -> Iterator[None]:
        """SQLite's complaints in our words; an open transaction is rolled back, so that the file
        stays as it was.
        """
        try:
            yield
        except UnicodeDecodeError as error:  # a name or text that SQLite handed over as it lay
            raise InvalidInput(
                f"{str(self.path)!r} is damaged: it holds text that is none. Begin another file:"
                " the same seed gives the same blocks."
            ) from error
        except sqlite3.Error as error:
            if getattr(self, "_base", None) is not None and self._base.in_transaction:
                self._base.rollback()
            text, name = str(error), repr(str(self.path))
            if "locked" in text:
                raise StoreFailure(
                    f"The store {name} is in use by another campaign. Wait for it, or choose"
                    " another file."
                ) from error
            if "full" in text:
                raise StoreFailure(
                    f"No room left on the disk for the store {name}: {text}. Blocks stored so far"
                    " are safe; free some space and run the command again."
                ) from error
            if "not a database" in text or "malformed" in text:
                raise InvalidInput(
                    f"{name} is not a campaign store ({text}). Choose another file."
                ) from error
            raise StoreFailure(
                f"The store {name} cannot be used: {text}. Check that the file and its folder can"
                " be written."
            ) from error

    def add(
        self, number: int, instances: int, results: Sequence[Row], records: Sequence[Row]
    ) -> None:
        """One block with all that it found, in one transaction."""
        asked = self.settings.get("theorems")
        if asked is not None and sorted(row["theorem"] for row in results) != sorted(asked):
            raise StoreFailure(
                f"Block {number} came back with results for"
                f" {', '.join(row['theorem'] for row in results) or 'nothing'}, asked for"
                f" {', '.join(asked)}. Do all workers have this kdtheory?"
            )
        with self._said():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                (last,) = self._base.execute("SELECT COALESCE(MAX(id), 0) FROM records").fetchone()
                kept = [{**row, "id": last + place} for place, row in enumerate(records, start=1)]
                seal = seal_of_block(self.run, number, instances, results, kept)
                self._base.execute("INSERT INTO blocks VALUES (?, ?, ?)", (number, instances, seal))
                self._base.executemany(
                    "INSERT INTO results VALUES (?, ?, ?, ?, ?)",
                    [
                        (number, row["theorem"], row["violated"], row["noisy"], row["ratio"])
                        for row in results
                    ],
                )
                self._base.executemany(
                    "INSERT INTO records (id, block, theorem, kind, ratio, instance) VALUES (?, ?,"
                    " ?, ?, ?, ?)",
                    [
                        (
                            row["id"],
                            number,
                            row["theorem"],
                            row["kind"],
                            row["ratio"],
                            json.dumps(row["instance"]),
                        )
                        for row in kept
                    ],
                )
                self._base.execute("COMMIT")
            except BaseException:  # Ctrl-C too: what follows must not see half a block
                if self._base.in_transaction:
                    self._base.rollback()
                raise

    def done(self) -> set[int]:
        """The numbers of the blocks that are stored."""
        with self._said():
            return {number for (number,) in self._base.execute("SELECT number FROM blocks")}

    def tightest(self) -> dict[str, float]:
        """The largest ratio on record per theorem."""
        with self._said():
            return dict(
                self._base.execute(
                    "SELECT theorem, MAX(ratio) FROM records WHERE kind = 'tightest' GROUP BY"
                    " theorem"
                )
            )

    def summary(self) -> list[Row]:
        """Per theorem: instances, noisy instances, violations, the largest ratio among the noisy
        ones and the record that holds it.
        """
        query = """SELECT theorem, SUM(instances), SUM(noisy), SUM(violated), MAX(ratio),
                   (SELECT id FROM records WHERE records.theorem = results.theorem
                    ORDER BY kind = 'tightest', ratio DESC LIMIT 1)
                   FROM results JOIN blocks ON blocks.number = results.block GROUP BY theorem"""
        names = ("theorem", "instances", "noisy", "violated", "tightest", "record")
        with self._said():
            return [dict(zip(names, row, strict=True)) for row in self._base.execute(query)]

    def __enter__(self) -> Store:
        """The store itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; SQLite folds its journal into the file."""
        self._base.close()
