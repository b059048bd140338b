"""Which engine runs a simulation."""

from __future__ import annotations

from importlib.util import find_spec

from kdtheory.engines.simulate.job import Job
from kdtheory.errors import InvalidInput, MissingTool, unknown_name
from kdtheory.problems import LeastSquares, LogisticRegression, SinusoidalSum, SoftmaxRegression
from kdtheory.rules.compressors import Bernoulli, RandK, StochasticRounding
from kdtheory.rules.experiment import Experiment

ENGINES = ("auto", "numpy", "numba")
# "auto" takes the compiled engine where NumPy would need longer: compiling costs a few seconds once
# a machine, loading what is cached half of one a process.  The rule sees the arguments and nothing
# else, so that a call does not change its last bits with the state of a cache.
WORTH_COMPILING = 1.0
# NumPy's cost a step, a coordinate of an iterate, a coordinate and row of a gap: seconds on one
# core, to a factor of two.
STEP_OVERHEAD, STEP_COST, GAP_COST = 6e-5, 1e-8, 2e-10


def engine_for(engine: str, job: Job) -> str:
    """The engine to run, with the reason where the one asked for cannot."""
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    refusal = _unknown(job.made)
    if engine == "numba":
        if refusal:
            raise InvalidInput(f"The compiled engine {refusal}. Use engine='numpy'.")
        if find_spec("numba") is None:
            raise MissingTool(
                "engine='numba' needs Numba: pip install 'kdtheory[fast]'; engine='numpy' gives the"
                " same numbers."
            )
    if engine != "auto":
        return engine
    worth = not refusal and _seconds(job) > WORTH_COMPILING and find_spec("numba") is not None
    return "numba" if worth else "numpy"


def _unknown(made: Experiment) -> str:
    """What the compiled engine does not know of this experiment; empty where it knows all."""
    problem, compressor = made.problem, made.compressor
    if type(problem) not in (LeastSquares, LogisticRegression, SoftmaxRegression, SinusoidalSum):
        return f"knows our own problems, got {type(problem).__name__}"
    if compressor is not None and type(compressor) not in (RandK, Bernoulli, StochasticRounding):
        return f"knows our own compressors, got {type(compressor).__name__}"
    if problem.n_terms >= 2**32:
        return f"counts terms with 32 bits, got N = {problem.n_terms}"
    if made.renewal is not None:
        return "has no kernel for a teacher that is renewed"
    return ""


def _seconds(job: Job) -> float:
    """About what NumPy would need."""
    made = job.made
    steps = int(job.times[-1]) - (0 if job.resume is None else job.resume.time)
    touched = made.problem.dim * (made.batch_size + 3 * (made.compressor is not None))
    rows = (
        min(made.problem.n_terms, made.problem.dim)
        if isinstance(made.problem, LeastSquares)
        else made.problem.n_terms
    )
    recorded = len(job.times) * made.problem.dim * rows if job.gap else 0
    return steps * STEP_OVERHEAD + job.replicates * (
        STEP_COST * steps * touched + GAP_COST * recorded
    )
