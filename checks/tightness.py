"""The record instances: how near each bound comes to equality on real finite sums, per problem
class.

``python -m kdtheory.checks.tightness --rounds 60`` searches again and keeps what is tighter than
the record in tightest.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from kdtheory.campaigns.candidates import Candidate
from kdtheory.campaigns.tightness import ratio_of, search, searchable

FILE = Path(__file__).with_name("tightest.json")


def records() -> list[dict[str, Any]]:
    """The stored records: theorem, kind, ratio, noise_share and the instance in fractions."""
    return json.loads(FILE.read_text()) if FILE.exists() else []


def improve(rounds: int, seed: int) -> list[dict[str, Any]]:
    """Search every theorem and class once more; the better of record and find."""
    known = {(row["theorem"], row["instance"]["kind"]): row for row in records()}
    for theorem, kind in searchable():
        found = search(theorem, kind=kind, seed=seed, rounds=rounds)
        old = known.get((theorem, kind))
        # The record's own ratio is computed again: a bound that became tighter, or was corrected,
        # must show.
        if old is None or found.ratio > ratio_of(theorem, Candidate.from_dict(old["instance"]))[0]:
            known[theorem, kind] = {
                "theorem": theorem,
                "ratio": found.ratio,
                "noise_share": found.noise_share,
                "instance": found.instance.to_dict(),
            }
        print(f"{theorem:24} {kind:14} {known[theorem, kind]['ratio']:.6f}", flush=True)
        FILE.write_text(
            json.dumps([known[key] for key in searchable() if key in known], indent=1) + "\n"
        )
    return list(known.values())


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=60)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    improve(asked.rounds, asked.seed)
