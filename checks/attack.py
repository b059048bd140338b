"""The attack: corrupted certificates, every checker, and a table of what became of them.

    python -m kdtheory.checks.attack          every corruption through SymPy and z3, some of every
                                              obligation through cvc5, of every kind through Coq
    python -m kdtheory.checks.attack --all    every one through cvc5 too, two an obligation through
                                              Coq: a quarter of an hour

*refused*: the checker found what is wrong.  *undecided*: it had no answer in time, which proves
nothing either way.  *argued*: accepted, and ``harmless.argument`` shows by an exact computation
that the certificate is the same as before.  *SURVIVED*: accepted without a reason; exit code 1 if
there is one.  What is not asked of a checker is drawn with a seed, and the table says how much was.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from kdtheory.checks.corruptions import KINDS, Corruption, corruptions, obligations
from kdtheory.checks.harmless import argument
from kdtheory.proofs import COQ_SOURCES
from kdtheory.prover import coq_build, solvers, sympy_checker
from kdtheory.prover.obligations import Obligation
from kdtheory.prover.sympy_checker import Result
from kdtheory.system.parallel import Job, run_all

Outcome = tuple[str, str, str, Corruption]  # checker, what became of it, reason, corruption
SECONDS = 3.0  # a corrupted certificate may pose a hard question; the right ones take 0.1 s
COQ_BATCH, COQ_SIZE = 1200.0, 8  # seconds for what takes 25 on an idle machine
PART = 60  # corruptions a job
CVC5, COQ = 7, 3  # without --all: corruptions an obligation, and a kind
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
        "refused" if result.wrong or "about nothing" in result.reason else "undecided",
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


def of_each_kind(count: int, seed: int = 0) -> list[Corruption]:
    """``count`` corruptions of every kind, drawn with a seed from all obligations."""
    found = chosen(None, seed)
    draw = random.Random(f"{seed} kinds")
    return [
        change
        for kind in KINDS
        for change in draw.sample([one for one in found if one.kind == kind], count)
    ]


def by(checker: str, changes: Sequence[Corruption]) -> list[Outcome]:
    """What becomes of some corruptions at one checker."""
    if checker == "coq":
        return by_coq(changes)
    check = checkers()[checker]
    return [judged(change, checker, check(change.bad)) for change in changes]


def jobs(everything: bool, seed: int) -> list[Job]:
    """The whole work, the longest jobs first."""
    whole = chosen(None, seed)
    asked = {
        "coq": chosen(2, seed) if everything else of_each_kind(COQ, seed),
        "cvc5": whole if everything else chosen(CVC5, seed),
        "z3": whole,
        "sympy": whole,
    }
    return [
        (checker, by, (checker, changes[first : first + size]), {})
        for checker, changes in asked.items()
        for size in (COQ_SIZE if checker == "coq" else PART,)
        for first in range(0, len(changes), size)
    ]


def table(outcomes: Sequence[Outcome]) -> str:
    """Checker x kind: refused / undecided / argued / SURVIVED."""
    count = Counter((checker, change.kind, what) for checker, what, _, change in outcomes)
    names = sorted({checker for checker, *_ in outcomes}, key=[*checkers(), "coq"].index)
    words = ("refused", "undecided", "argued", "SURVIVED")
    lines = [
        f"{'kind':14}" + "".join(f"{name:>18}" for name in names),
        f"{'':14}" + f"{'ref/und/arg/SURV':>18}" * len(names),
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
        lines.append(f"{kind:14}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)


def arguments(outcomes: Sequence[Outcome]) -> str:
    """Why what was accepted is harmless, with the number of certificates: one line a reason."""
    reasons = {change.bad.name: reason for _, what, reason, change in outcomes if what == "argued"}
    return "\n".join(f"argued {n:4}  {reason}" for reason, n in Counter(reasons.values()).items())


def main(given: Sequence[str] | None = None) -> int:
    """Run the attack and print the table."""
    options = argparse.ArgumentParser(
        prog="python -m kdtheory.checks.attack",
        description=__doc__.splitlines()[0] if __doc__ else None,
    )
    options.add_argument("--all", action="store_true", help="every corruption through cvc5 too")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    wanted = options.parse_args(given)
    start, work = time.monotonic(), jobs(wanted.all, wanted.seed)
    outcomes = [one for part in run_all(work, wanted.workers, lambda _: None) for one in part]
    print(table(outcomes))
    print(arguments(outcomes))
    whole = len({change.bad.name for _, _, _, change in outcomes})
    for name, asked in Counter(checker for checker, *_ in outcomes).items():
        print(f"{name}: asked about {asked:,} of {whole:,} corrupted certificates")
    for checker, what, reason, change in outcomes:
        if what in ("undecided", "SURVIVED"):
            print(f"{what:10} {checker:6} {change.good.name}: {change.what}: {reason}")
    print(f"{time.monotonic() - start:.0f} s, {wanted.workers} processes, seed {wanted.seed}")
    return int(any(what == "SURVIVED" for _, what, _, _ in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
