"""Seals: a checksum over all that a block found, and over the run that it belongs to.

SQLite notices pages that are torn, not a number that was changed, a row that is gone, or the
journal of another run that lies beside the file.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def seal_of_run(run: str, settings: Row) -> str:
    """Of what fixes the instances."""
    return _digest([run, settings])


def seal_of_block(
    run: str, number: int, instances: int, results: Sequence[Row], records: Sequence[Row]
) -> str:
    """Of one block with everything that it found; the order of rows plays no part."""
    return _digest(
        [
            run,
            number,
            instances,
            sorted(
                [row["theorem"], row["violated"], row["noisy"], row["ratio"]] for row in results
            ),
            sorted(
                [row["id"], row["theorem"], row["kind"], row["ratio"], _digest(row["instance"])]
                for row in records
            ),
        ]
    )


def stamp_of(run: str) -> int:
    """31 bits of the run, for ``PRAGMA user_version``: it stands in the file itself, where no
    journal hides it.
    """
    return int(hashlib.sha256(run.encode()).hexdigest()[:8], 16) >> 1


def stamp_in(header: bytes) -> int:
    """The same from the first 100 bytes of the file (SQLite's file format, offset 60)."""
    return int.from_bytes(header[60:64], "big", signed=True)


def broken_blocks(base: sqlite3.Connection, run: str, only: int | None = None) -> dict[int, str]:
    """Block -> what is wrong with it; ``only`` looks at one.  Rows that belong to no block count
    as a broken block.
    """
    where = "" if only is None else f" WHERE {{}} = {int(only)}"
    results: dict[int, list[Row]] = {}
    query = "SELECT block, theorem, violated, noisy, ratio FROM results"
    for number, *values in base.execute(query + where.format("block")):
        names = ("theorem", "violated", "noisy", "ratio")
        results.setdefault(number, []).append(dict(zip(names, values, strict=True)))
    records: dict[int, list[Row]] = {}
    bad: dict[int, str] = {}
    query = "SELECT block, id, theorem, kind, ratio, instance FROM records"
    for number, identity, theorem, kind, ratio, text in base.execute(query + where.format("block")):
        row = {"id": identity, "theorem": theorem, "kind": kind, "ratio": ratio}
        try:
            records.setdefault(number, []).append({**row, "instance": json.loads(text)})
        except (ValueError, TypeError, RecursionError):
            bad[number] = "a record cannot be read"
    known = set()
    query = "SELECT number, instances, seal FROM blocks"
    for number, instances, seal in base.execute(query + where.format("number")):
        known.add(number)
        try:
            found = seal_of_block(
                run, number, instances, results.get(number, []), records.get(number, [])
            )
        except TypeError:  # a number where a text should be, or the other way round
            found = ""
        if found != seal:
            bad.setdefault(number, "its numbers are not those that were stored")
    for number in {*results, *records} - known:
        bad[number] = "it was removed in part"
    return bad
