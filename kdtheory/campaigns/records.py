"""One record of a store, from a copy: the file may belong to a running campaign, or lie where
nobody can write.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from kdtheory.campaigns.seals import Row, broken_blocks, seal_of_run, stamp_in, stamp_of
from kdtheory.campaigns.store import VERSION
from kdtheory.errors import InvalidInput, StoreFailure
from kdtheory.system.disk import refuse_unplain

TRIES = 5  # a campaign may fold its journal into the file between the copies of the two
PAUSE = 0.3  # seconds


def read_record(path: Path, identity: int) -> Row:
    """Theorem, kind, ratio and instance of record ``identity``, whose block is as it was written.

    Raises:
        InvalidInput: no such file or record, no store, or a block that was changed.  StoreFailure:
            it changes faster than it can be copied, or there is no room for a copy.
    """
    if not os.path.exists(path):
        raise InvalidInput(
            f"No store {str(path)!r}. Start one with: kdtheory campaign --store {path}"
        )
    refuse_unplain(path)
    for attempt in range(TRIES):
        try:
            with tempfile.TemporaryDirectory(prefix="kdtheory-") as folder:
                copy = Path(folder) / "copy.sqlite"
                shutil.copyfile(path, copy)
                journal = Path(f"{path}-wal")
                if journal.exists():
                    shutil.copyfile(journal, f"{copy}-wal")
                return _from(copy, str(path), identity)
        except (sqlite3.DatabaseError, UnicodeDecodeError, _Torn) as error:
            if attempt + 1 < TRIES and Path(f"{path}-wal").exists():
                time.sleep(PAUSE)
                continue
            raise InvalidInput(f"{str(path)!r} cannot be read as a store: {error}.") from error
        except OSError as error:
            if isinstance(error, StoreFailure):
                raise
            raise StoreFailure(
                f"The store {str(path)!r} cannot be copied to be read: {error.strerror}."
            ) from error
    raise AssertionError("the last attempt returns or raises")


class _Torn(Exception):
    """What a copy shows that was made while the file changed; or what is wrong with the file."""


def _from(copy: Path, name: str, identity: int) -> Row:
    header = copy.read_bytes()[:100]
    base = sqlite3.connect(copy)
    try:
        tables = {row for (row,) in base.execute("SELECT name FROM sqlite_master")}
        if "meta" not in tables:
            raise InvalidInput(f"{name!r} is no campaign store. Choose another file.")
        try:
            meta = {key: json.loads(value) for key, value in base.execute("SELECT * FROM meta")}
            whole = meta["seal"] == seal_of_run(meta["run"], meta["settings"])
        except (ValueError, KeyError, TypeError) as error:
            raise _Torn("its settings were changed, or are of another version") from error
        if meta.get("version") != VERSION or not whole or stamp_in(header) != stamp_of(meta["run"]):
            raise _Torn("its settings were changed, or the journal beside it is another run's")
        row = base.execute(
            "SELECT block, theorem, kind, ratio, instance FROM records WHERE id = ?", (identity,)
        ).fetchone()
        if row is None:
            known = base.execute("SELECT MIN(id), MAX(id) FROM records").fetchone()
            there = f"{known[0]} to {known[1]}" if known[0] else "none yet"
            raise InvalidInput(f"No record {identity} in {name!r}; it has {there}.")
        broken = broken_blocks(base, meta["run"], only=row[0])
        if broken:
            raise _Torn(f"block {row[0]} of record {identity}, {broken[row[0]]}")
    finally:
        base.close()
    return {"theorem": row[1], "kind": row[2], "ratio": row[3], "instance": json.loads(row[4])}
