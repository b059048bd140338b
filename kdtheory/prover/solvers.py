"""Runs SMT solvers on the questions of ``kdtheory.prover.smt``.  A missing solver or an unanswered
question decides nothing.

Each solver has a process of its own, which is ended when a question takes too long and started
again for the next one.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import subprocess
import sys
import threading
from functools import lru_cache

from kdtheory.errors import MissingTool, unknown_name
from kdtheory.prover.consistency import doubt
from kdtheory.prover.obligations import Certificate, Identity, Obligation
from kdtheory.prover.smt import queries
from kdtheory.prover.sympy_checker import Result

SOLVERS = {"z3": "z3-solver", "cvc5": "cvc5"}  # module: the package to install
SECONDS = 20.0  # one question takes 0.01 to 0.1 s; more than this is no answer
LEAST = 1e-3  # a timer set to 0 never rings


class _Solver:
    """The process of one solver, and the only one that talks to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = threading.Lock()
        self.process: subprocess.Popen[str] | None = None
        atexit.register(self.end)

    def ask(self, text: str, seconds: float) -> str:
        """The answer, or "" when the process ended before it: the time or its memory was over, or
        the solver crashed.
        """
        with self.lock:
            # It ends with the thread that started it.
            if self.process is not None and self.process.poll() is not None:
                self.end()
            process = self.process or self._start()
            assert process.stdin is not None and process.stdout is not None
            # Ctrl-C: the answer still to come would be taken for the next question's.
            try:
                print(
                    json.dumps({"text": text, "seconds": max(LEAST, seconds)}),
                    file=process.stdin,
                    flush=True,
                )
                line = process.stdout.readline()
            except BrokenPipeError:
                line = ""
            except BaseException:
                self.end()
                raise
            if not line.endswith("\n"):
                self.end()
                return ""
            return str(json.loads(line))

    def _start(self) -> subprocess.Popen[str]:
        # In a session of its own, so that Ctrl-C is this process's alone; the path, so that it
        # imports what this process does.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kdtheory.prover.solver_process", self.name, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(os.path.abspath(entry) for entry in sys.path),
            },
        )
        return self.process

    def end(self) -> None:
        """Kill the process; the next question starts another."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            with process:  # closes its pipes and waits
                pass


@lru_cache(maxsize=len(SOLVERS) * 8)
def _solver(name: str, process_id: int) -> _Solver:
    """One a process: what a fork inherits belongs to its parent."""
    return _Solver(name)


def missing(solver: str) -> str:
    """How to get a solver that is not installed; empty when it is."""
    if importlib.util.find_spec(solver) is not None:
        return ""
    return (
        f"{solver} is not installed; pip install 'kdtheory[checkers]' (or pip install"
        f" {SOLVERS[solver]})"
    )


def run(solver: str, text: str, timeout: float = SECONDS) -> str:
    """The answer "sat", "unsat" or "unknown" to one question, within ``timeout`` seconds.

    The limit is hard: the solver's process is ended by then, and the answer is "unknown".

    Raises:
        InvalidInput: an unknown solver.
        MissingTool: the solver's Python package is not installed.
    """
    if solver not in SOLVERS:
        raise unknown_name("solver", solver, SOLVERS)
    lacking = missing(solver)
    if lacking:
        raise MissingTool(f"SMT: {lacking}")
    answer = _solver(solver, os.getpid()).ask(text, timeout)
    return answer if answer in ("sat", "unsat") else "unknown"


def check(obligation: Obligation, solver: str, timeout: float = SECONDS) -> Result:
    """PROVED when every question has the answer it must have.

    An identity that the solver finds a counterexample to is REFUTED; anything else that differs is
    UNDECIDED.  A question without an answer does not hide a later one with the wrong answer: that
    one is told.

    Raises:
        InvalidInput: an unknown solver.
    """
    if solver not in SOLVERS:
        raise unknown_name("solver", solver, SOLVERS)
    # A solver knows the letters, not that they are moments of one step.
    if isinstance(obligation, Certificate) and obligation.multipliers:
        empty = doubt(obligation)
        if empty:
            return Result("UNDECIDED", empty)
    unanswered = ""
    try:
        for query in queries(obligation):
            answer = run(solver, query.text, timeout)
            if answer == query.expected:
                continue
            told = f"{query.name}: {solver} says {answer}, not {query.expected}"
            if answer in ("sat", "unsat"):
                refuted = (
                    query.name.endswith(": identity")
                    and answer == "sat"
                    and isinstance(obligation, Identity)
                )
                return Result("REFUTED" if refuted else "UNDECIDED", told, wrong=True)
            unanswered = unanswered or told
    except ValueError as error:
        return Result("UNDECIDED", str(error), wrong=True)
    except MissingTool as error:
        return Result("UNDECIDED", str(error))
    return Result("UNDECIDED", unanswered) if unanswered else Result("PROVED", "")
