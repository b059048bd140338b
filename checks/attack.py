"""The attack: all corrupted certificates, every checker, and a table of what became of them.

    python -m kdtheory.checks.attack                    every corruption, SymPy, z3 and cvc5; two an
    obligation through Coq python -m kdtheory.checks.attack --each 8 --coq 1   eight an obligation,
    one through Coq

*refused*: the checker found what is wrong.  *undecided*: it had no answer in time, which proves
nothing either way.  *argued*: accepted, and ``corruptions.argument`` shows by an exact computation
that the certificate is the same as before.  *SURVIVED*: accepted without a reason; exit code 1 if
there is one.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from kdtheory.checks.corruptions import KINDS, Corruption, argument, corruptions, obligations
from kdtheory.proofs import COQ_SOURCES
from kdtheory.prover import coq_build, solvers, sympy_checker
from kdtheory.prover.obligations import Obligation
from kdtheory.prover.sympy_checker import Result

Outcome = tuple[str, str, str, Corruption]  # checker, what became of it, reason, corruption
SECONDS = 3.0  # a corrupted certificate may pose a hard question; the right ones take 0.1 s
COQ_BATCH = 400.0
# What Coq says when it has understood a file and finds no proof; anything else would be a fault of
# the export.
COQ_REFUSALS = (
    "Cannot find witness",
    "not a valid field equation",
    "not a valid ring equation",
    "not found",
    "No such",
    "Unable to unify",
    "Tactic failure",
    "No matching clauses",
    "Attempt to save an incomplete proof",
    "Not enough",
    "No applicable tactic",
    "Coq export",
    "Impossible to unify",
)


def checkers() -> dict[str, Callable[[Obligation], Result]]:
    """Checkers that judge one obligation at once."""
    return {
        "sympy": sympy_checker.check,
        **{name: partial(solvers.check, solver=name, timeout=SECONDS) for name in solvers.SOLVERS},
    }


def judged(change: Corruption, checker: str, result: Result) -> Outcome:
    """What became of one corruption at one checker."""
    if result.status == "PROVED":
        reason = argument(change)
        return checker, "argued" if reason else "SURVIVED", reason, change
    return (
        checker,
        "refused" if result.wrong or "no point found" in result.reason else "undecided",
        result.reason,
        change,
    )


def by_coq(changes: Sequence[Corruption]) -> list[Outcome]:
    """Each corrupted certificate and each right one, compiled; a corruption counts only where its
    right one is PROVED.

    Raises AssertionError when a right certificate does not compile.
    """
    good = {change.good.name: change.good for change in changes}
    reports = coq_build.check(
        COQ_SOURCES, [*good.values(), *(change.bad for change in changes)], timeout=COQ_BATCH
    )
    failed = [name for name in good if reports[name].status != "PROVED"]
    if failed:
        raise AssertionError(
            f"Coq refuses the right certificate {failed[0]}: {reports[failed[0]].reason}"
        )
    return [judged(change, "coq", _coq_result(reports[change.bad.name])) for change in changes]


def _coq_result(report: coq_build.CoqReport) -> Result:
    return Result(
        report.status, report.reason, wrong=any(words in report.reason for words in COQ_REFUSALS)
    )


def chosen(each: int | None, seed: int = 0) -> list[Corruption]:
    """All corruptions, or ``each`` an obligation, drawn with a seed so that all kinds come up."""
    found: list[Corruption] = []
    for item in obligations().values():
        changes = corruptions(item, seed)
        found += (
            changes
            if each is None
            else random.Random(f"{seed} {item.name}").sample(changes, min(each, len(changes)))
        )
    return found


def table(outcomes: Sequence[Outcome]) -> str:
    """Checker x kind: refused / undecided / argued / SURVIVED."""
    count = Counter((checker, change.kind, what) for checker, what, _, change in outcomes)
    names = list(dict.fromkeys(checker for checker, *_ in outcomes))
    words = ("refused", "undecided", "argued", "SURVIVED")
    lines = [
        f"{'kind':14}" + "".join(f"{name:>24}" for name in names),
        f"{'':14}" + f"{'ref/und/arg/SURV':>24}" * len(names),
    ]
    for kind in (*KINDS, "all"):
        cells = [
            "/".join(
                str(
                    sum(
                        n
                        for (c, k, w), n in count.items()
                        if c == name and w == word and kind in (k, "all")
                    )
                )
                for word in words
            )
            for name in names
        ]
        lines.append(f"{kind:14}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the attack and print the table."""
    options = argparse.ArgumentParser(
        prog="python -m kdtheory.checks.attack",
        description=__doc__.splitlines()[0] if __doc__ else None,
    )
    options.add_argument("--each", type=int, help="corruptions an obligation (default: all)")
    options.add_argument(
        "--coq",
        type=int,
        default=2,
        help="corruptions an obligation that Coq compiles, about 1 s each (default: 2)",
    )
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args(arguments)
    changes = chosen(given.each, given.seed)
    outcomes: list[Outcome] = []
    for name, check in checkers().items():
        start = time.monotonic()
        outcomes += [judged(change, name, check(change.bad)) for change in changes]
        print(
            f"{name}: {len(changes)} corrupted certificates in {time.monotonic() - start:.0f} s",
            flush=True,
        )
    batch = chosen(given.coq, given.seed) if given.coq else []
    for first in range(0, len(batch), 30):  # a batch stays within its time limit
        outcomes += by_coq(batch[first : first + 30])
    print(table(outcomes))
    for checker, what, reason, change in outcomes:
        if what != "refused":
            print(
                f"{what:10} {checker:6} {change.kind:12} {change.good.name}: {change.what}:"
                f" {reason}"
            )
    return int(any(what == "SURVIVED" for _, what, _, _ in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
