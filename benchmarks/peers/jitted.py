"""JAX: a jitted scan over time of all replicates at once, or a vmap over replicates of a scan; float64."""

from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")       # one core, like everyone here; read when JAX is imported

import jax  # noqa: E402 - after the flag
import jax.numpy as jnp  # noqa: E402 - after the flag
import numpy as np  # noqa: E402 - after the flag

from benchmarks.peers.case import Case  # noqa: E402 - after the flag

jax.config.update("jax_enable_x64", True)
FORMS = ("scan", "vmap")


def prepare(case: Case, form: str) -> Callable[[], np.ndarray]:
    """One of ``FORMS``, compiled."""
    features, c = jnp.asarray(case.features), jnp.asarray(case.targets + case.weight * case.taught)
    best, start = jnp.asarray(case.best), jnp.asarray(case.x0)

    def step(x, i):
        row = features[i]
        return x - case.gamma * (row @ x - c[i]) * row

    def chunk(advance):
        def body(x, indices):
            square = ((x - best) ** 2).sum(-1)
            x, _ = jax.lax.scan(lambda y, i: (advance(y, i), None), x, indices)
            return x, square
        return body

    def scan(key):
        indices = jax.random.randint(key, (case.steps // case.every, case.every, case.replicates), 0, len(c))
        x = jnp.tile(start, (case.replicates, 1))
        x, squares = jax.lax.scan(chunk(jax.vmap(step)), x, indices)
        return jnp.append(squares.mean(1), ((x - best) ** 2).sum(-1).mean())

    def one(key):
        indices = jax.random.randint(key, (case.steps // case.every, case.every), 0, len(c))
        x, squares = jax.lax.scan(chunk(step), start, indices)
        return jnp.append(squares, ((x - best) ** 2).sum())

    def vmap(key):
        return jax.vmap(one)(jax.random.split(key, case.replicates)).mean(0)

    compiled, key = jax.jit({"scan": scan, "vmap": vmap}[form]), jax.random.key(1)
    return lambda: np.asarray(compiled(key).block_until_ready())
