"""JAX: a jitted scan over time of a batch of replicates, batch after batch, or a vmap over
replicates of a scan; float64.

What made it faster: indices by multiply-high from a hashed counter (``jax.random.randint`` takes
longer than a short step, the "rbg" generator longer still), and batches of replicates that stay in
cache.  What made it slower or no faster: unrolling, one replicate at a time, the transposed state,
one gather for row and target, XLA's fast-math, vector-width and scheduler flags.
"""

from __future__ import annotations

import os
from collections.abc import Callable

# One core, like everyone here; read when JAX is imported.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import jax  # noqa: E402 - after the flag
import jax.numpy as jnp  # noqa: E402 - after the flag
import numpy as np  # noqa: E402 - after the flag

from benchmarks.peers.case import Case  # noqa: E402 - after the flag

jax.config.update("jax_enable_x64", True)
# In how many batches the replicates are scanned; 0 is the vmap over all; the fastest is taken.
FORMS = (
    1,
    4,
    8,
    0,
)


def draw(seed: jax.Array, count: int, n: int) -> jax.Array:
    """Indices below n: Murmur's finaliser of a counter, as cheap as the C program's generator."""
    z = jnp.arange(count, dtype=jnp.uint32) * np.uint32(0x9E3779B9) + seed
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        z = (z ^ (z >> shift)) * np.uint32(factor)
    return (((z ^ (z >> 16)).astype(jnp.uint64) * np.uint64(n)) >> 32).astype(jnp.int32)


def prepare(case: Case, batches: int) -> Callable[[], np.ndarray]:
    """One of ``FORMS``, compiled."""
    times, size = case.steps // case.every, case.replicates // max(batches, 1)
    arrays = [
        jnp.asarray(a)
        for a in (case.features, case.targets + case.weight * case.taught, case.best, case.x0)
    ]

    @jax.jit
    def run(seed, features, c, best, start):
        def step(x, i):
            row = features.at[i].get(mode="promise_in_bounds")
            return x - case.gamma * (row @ x - c.at[i].get(mode="promise_in_bounds")) * row

        def squares(advance, x, indices):
            """Sums of |x - best|^2 at the recorded times, of one replicate or of a batch."""

            def chunk(y, some):
                square = ((y - best) ** 2).sum()
                return jax.lax.scan(
                    lambda z, i: (advance(z, i), None), y, some, unroll=case.every == 1
                )[0], square

            x, found = jax.lax.scan(chunk, x, indices)
            return jnp.append(found, ((x - best) ** 2).sum())

        indices = draw(seed, case.steps * case.replicates, len(c))
        if batches == 0:
            return jax.vmap(lambda mine: squares(step, start, mine))(
                indices.reshape(-1, times, case.every)
            ).mean(0)
        begin = jnp.tile(start, (size, 1))
        return (
            jax.lax.map(
                lambda mine: squares(jax.vmap(step), begin, mine),
                indices.reshape(batches, times, case.every, size),
            ).sum(0)
            / case.replicates
        )

    seed = jnp.uint32(1)
    return lambda: np.asarray(run(seed, *arrays).block_until_ready())
