"""Runs SMT solvers on the questions of ``kdtheory.prover.smt``.  A missing solver or an unanswered question decides nothing."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from kdtheory.errors import MissingTool, unknown_name
from kdtheory.prover.obligations import Identity, Obligation
from kdtheory.prover.smt import queries
from kdtheory.prover.sympy_checker import Result

SOLVERS = {"z3": "z3-solver", "cvc5": "cvc5"}       # module: the package to install
SECONDS = 20.0      # one question takes 0.01 to 0.1 s; more than this is no answer


def run(solver: str, text: str, timeout: float = 20.0) -> str:
    """The answer "sat", "unsat" or "unknown" to one question, within ``timeout`` seconds.

    Raises:
        InvalidInput: an unknown solver.
        MissingTool: the solver's Python package is not installed.
    """
    if solver not in SOLVERS:
        raise unknown_name("solver", solver, SOLVERS)
    if importlib.util.find_spec(solver) is None:
        raise MissingTool(f"SMT: {solver} is not installed; pip install 'kdtheory[checkers]' (or pip install {SOLVERS[solver]})")
    answer: Callable[[str, int], str] = _z3 if solver == "z3" else _cvc5
    return answer(text, max(1, int(1000 * timeout)))


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
    unannounced = "\n".join(line for line in text.splitlines() if not line.startswith("(set-info :status"))
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, unannounced, "question")
    answer = "unknown"
    while not (command := parser.nextCommand()).isNull():
        said = str(command.invoke(solver, symbols)).strip()
        if said:
            answer = said
    return answer if answer in ("sat", "unsat") else "unknown"


def check(obligation: Obligation, solver: str, timeout: float = SECONDS) -> Result:
    """PROVED when every question has the answer it must have.

    An identity that the solver finds a counterexample to is REFUTED; anything else that differs is UNDECIDED.  A question without an
    answer does not hide a later one with the wrong answer: that one is told.

    Raises:
        InvalidInput: an unknown solver.
    """
    if solver not in SOLVERS:
        raise unknown_name("solver", solver, SOLVERS)
    unanswered = ""
    try:
        for query in queries(obligation):
            answer = run(solver, query.text, timeout)
            if answer == query.expected:
                continue
            told = f"{query.name}: {solver} says {answer}, not {query.expected}"
            if answer in ("sat", "unsat"):
                refuted = query.name.endswith(": identity") and answer == "sat" and isinstance(obligation, Identity)
                return Result("REFUTED" if refuted else "UNDECIDED", told, wrong=True)
            unanswered = unanswered or told
    except ValueError as error:
        return Result("UNDECIDED", str(error), wrong=True)
    except MissingTool as error:
        return Result("UNDECIDED", str(error))
    return Result("UNDECIDED", unanswered) if unanswered else Result("PROVED", "")
