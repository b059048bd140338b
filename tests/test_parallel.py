"""Jobs on processes: results in order, errors and Ctrl-C passed on without waiting for the rest, a
killed worker is said.
"""

from __future__ import annotations

import os
import time

import pytest

import kdtheory as kd
from kdtheory.errors import WorkerFailure
from kdtheory.system.parallel import Job, run_all


def failing() -> None:
    raise kd.InvalidInput("one of the jobs")


def dying() -> None:
    os._exit(3)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(workers: int) -> None:
    seen: list[str] = []
    jobs: list[Job] = [
        ("slow", time.sleep, (0.2,), {}),
        ("pair", divmod, (7, 2), {}),
        ("text", str, (5,), {}),
    ]
    assert run_all(jobs, workers, seen.append) == [None, (3, 1), "5"]
    assert sorted(seen) == ["pair", "slow", "text"]


def test_an_error_ends_the_others() -> None:
    """The second job would sleep for an hour."""
    with pytest.raises(kd.InvalidInput, match="one of the jobs"):
        run_all(
            [("failing", failing, (), {}), ("long", time.sleep, (3600,), {})], 2, lambda label: None
        )


def test_ctrl_c_ends_the_workers() -> None:
    def interrupt(label: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_all([("quick", abs, (-1,), {}), ("long", time.sleep, (3600,), {})], 2, interrupt)


def test_a_killed_worker_is_said() -> None:
    with pytest.raises(WorkerFailure, match="--workers 1"):
        run_all([("dying", dying, (), {}), ("quick", abs, (-1,), {})], 2, lambda label: None)


def blas_threads() -> list[int]:
    import scipy.linalg  # noqa: F401  (loads SciPy's BLAS beside NumPy's, after the worker began)
    from threadpoolctl import threadpool_info

    return [
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    ]


def test_workers_use_one_blas_thread_even_when_blas_is_loaded_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "2")
    jobs: list[Job] = [("threads", blas_threads, (), {})] * 2
    for threads in run_all(jobs, 2, lambda label: None):
        assert threads
        assert set(threads) == {1}
