"""Runs a plan over blocks of replicates, stretches of time and threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from kdtheory.engines.compiled.arrays import zeros
from kdtheory.engines.compiled.choose import make_plan
from kdtheory.engines.compiled.plan import KernelPlan
from kdtheory.engines.simulate.job import Job, Means, State
from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems.base import Array

BUFFER = 2**22  # bytes of block moments kept before they are summed, whatever the horizon
TASKS_PER_THREAD = 8  # pieces, so that a thread that was held up leaves its share to the others


def run(job: Job, *, threads: int | None) -> tuple[Means, State]:
    """Moments at ``job.times`` and the state at the last of them.

    Raises:
        Diverged: an iterate is no longer finite.
        InvalidInput: a state to resume from that belongs to another way of running.
    """
    plan = make_plan(job)
    blocks = -(-job.replicates // 8)
    state = zeros(8 * blocks, len(plan.start))
    t0 = 0
    if job.resume is None:
        state[:] = plan.start
    else:
        if job.resume.frame != plan.frame or job.resume.values.shape != state.shape:
            raise InvalidInput(
                "A run resumes with the engine and the quantities it began with: its state is"
                f" {job.resume.values.shape} in the frame {job.resume.frame!r}, this run's"
                f" {state.shape} in {plan.frame!r}."
            )
        state[:], t0 = job.resume.values, job.resume.time
    workers = min(
        (
            threads or len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        ),
        blocks,
    )
    length = max(1, BUFFER // (32 * blocks)) if plan.evaluate is None else 1
    moments = []
    with ThreadPoolExecutor(max(1, workers - 1)) as pool:  # this thread works too
        pieces = _pieces(blocks, workers)
        for begin in range(0, len(job.times), length):
            wanted = job.times[begin : begin + length]
            moments.append(_stretch(plan, state, wanted, t0, pieces, pool, workers - 1, job))
            t0 = int(wanted[-1])
    means_and_errors = np.concatenate(moments, axis=1)
    return Means(*means_and_errors), State(t0, state, plan.frame, job.replicates, job.seed)


def _pieces(blocks: int, workers: int) -> list[tuple[int, int]]:
    """Ranges of blocks that begin at even ones: some kernels take two blocks at a time, and the
    compiler may round the two differently.
    """
    pairs = -(-blocks // 2)
    edges = (
        np.linspace(
            0, pairs, min(pairs, 1 if workers == 1 else TASKS_PER_THREAD * workers) + 1
        ).astype(int)
        * 2
    )
    edges[-1] = blocks
    return [(int(low), int(high)) for low, high in zip(edges[:-1], edges[1:], strict=True)]


def _stretch(
    plan: KernelPlan,
    state: Array,
    wanted: np.ndarray,
    t0: int,
    pieces: list[tuple[int, int]],
    pool: ThreadPoolExecutor,
    helpers: int,
    job: Job,
) -> Array:
    """Advance through the times ``wanted``; mean and standard error of |x - x*|^2 and of the gap,
    (4, len(wanted)).
    """
    found = np.zeros((4, len(wanted), pieces[-1][1]))
    before = state.copy()

    waiting = iter(pieces)

    def work() -> None:
        # Whoever is free takes the next; the interpreter lock keeps two from taking the same.
        for piece in waiting:
            plan.advance(state, wanted, t0, *piece, found)
            if plan.evaluate is not None:
                for record in range(len(wanted)):
                    plan.evaluate(state, *piece, found, record)

    others = [pool.submit(work) for _ in range(helpers)]
    work()
    for other in others:
        other.result()
    if not np.isfinite(state[: job.replicates]).all():
        bad, plan_of = _first_bad(plan, before, t0, int(wanted[-1]), job), job.made.schedule
        gamma = job.made.gamma if plan_of is None else plan_of.step_sizes[bad - 1]
        raise Diverged(
            f"An iterate is no longer finite at t = {bad}, step_size = {gamma:.6g}."
            " Use a smaller step size."
        )
    counts = np.full(found.shape[2], 8.0)
    counts[-1] = job.replicates - 8 * (found.shape[2] - 1)
    result = np.empty((4, len(wanted)))
    with np.errstate(over="ignore", invalid="ignore"):
        for quantity in (0, 2):
            mean = (found[quantity] * counts).sum(axis=-1) / job.replicates
            square = (found[quantity + 1] + counts * (found[quantity] - mean[:, None]) ** 2).sum(
                axis=-1
            )
            result[quantity], result[quantity + 1] = (
                mean,
                np.sqrt(square / (job.replicates - 1) / job.replicates),
            )
    return result


def _first_bad(plan: KernelPlan, before: Array, low: int, high: int, job: Job) -> int:
    """The first time at which a state is not finite, by bisection: a state that is not finite stays
    so.
    """
    found = np.zeros((4, 1, -(-job.replicates // 8)))
    while high - low > 1:
        middle = (low + high) // 2
        state = before.copy()
        plan.advance(state, np.array([middle]), low, 0, found.shape[2], found)
        if np.isfinite(state[: job.replicates]).all():
            low, before = middle, state
        else:
            high = middle
    return high
