"""A process that puts questions to one SMT solver: ``python -m kdtheory.prover.solver_process z3``.

A line on standard input is a question, ``{"text": SMT-LIB 2, "seconds": limit}``; a line of the
answer goes back.  The solvers' own limits are requests that they look at now and then, or not for
minutes; the one here is the system's: an alarm that nobody catches ends the process.  So are the
limit on memory, and the signal that ends it with the process that started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable

from kdtheory.system.child import end_with_parent, limit_memory

# of the limit: a solver that keeps to what it is asked for answers before the alarm, and the
# process lives on
REQUESTED = 0.9


def _z3(text: str, milliseconds: int) -> str:
    import z3

    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", milliseconds)
    solver.from_string(text)
    return str(solver.check())


def _cvc5(text: str, milliseconds: int) -> str:
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("tlimit-per", str(milliseconds))
    symbols = cvc5.SymbolManager(solver)
    parser = cvc5.InputParser(solver, symbols)
    # cvc5 answers "error" in place of "sat" or "unsat" when that differs from the announced status.
    unannounced = "\n".join(
        line for line in text.splitlines() if not line.startswith("(set-info :status")
    )
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, unannounced, "question")
    answer = "unknown"
    while not (command := parser.nextCommand()).isNull():
        said = str(command.invoke(solver, symbols)).strip()
        if said:
            answer = said
    return answer


ANSWERS: dict[str, Callable[[str, int], str]] = {"z3": _z3, "cvc5": _cvc5}


def main(solver: str, parent: int) -> None:
    """Answer until standard input, or the process ``parent``, ends."""
    end_with_parent(parent)
    limit_memory()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    for line in sys.stdin:
        question = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, question["seconds"])
        answer = ANSWERS[solver](
            question["text"], max(1, int(1000 * REQUESTED * question["seconds"]))
        )
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
