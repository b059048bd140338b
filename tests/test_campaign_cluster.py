"""Campaigns on real Dask clusters: what a block finds on a worker, what it leaves there, and every
way in which a cluster can fail.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest
from distributed import Client, LocalCluster
from threadpoolctl import threadpool_info, threadpool_limits

from kdtheory.campaigns import campaign, cluster
from kdtheory.campaigns.blocks import SIZE
from kdtheory.campaigns.cluster import dask
from kdtheory.campaigns.conditions import Conditions
from kdtheory.checks.kills import contents
from kdtheory.cli import main
from kdtheory.errors import InvalidInput, WorkerFailure

QUIET = {"threads_per_worker": 1, "dashboard_address": ":0", "protocol": "tcp"}


def set_blas_threads(count=2):
    """From a thread that ends: OpenBLAS is set by one thread at a time, as long as that lives."""
    setter = threading.Thread(target=threadpool_limits, args=(count,))
    setter.start()
    setter.join()


@pytest.fixture(scope="module")
def running():
    """Two workers, each with two BLAS threads: Dask's own variables would hide what a campaign
    leaves undone.
    """
    with LocalCluster(n_workers=2, **QUIET) as found, Client(found, set_as_default=False) as client:
        client.run(set_blas_threads)
        yield client


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The store of 12 blocks, made in this process."""
    path = tmp_path_factory.mktemp("calm") / "s.sqlite"
    campaign(store=path, instances=12 * SIZE, workers=1)
    return contents(path)


def blas_threads():
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


def look(*ignored):
    """BLAS threads here, and the pages that 64 arrays of 1 MB need from the system: 256 an array
    where none is kept.
    """
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(64):
        np.ones(2**17)
    return blas_threads(), resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def test_what_a_block_finds_and_leaves_on_a_worker(running):
    """The mutant that sets nothing finds two threads and 16,000 pages inside as well."""
    inside = [found for _, found in dask(partial(look), range(12), running.scheduler.address)]
    outside = running.gather(
        [running.submit(look, pure=False, workers=[worker]) for worker in running.nthreads()]
    )
    assert len(inside) == 12
    assert {threads for threads, _ in inside} == {1}
    assert {threads for threads, _ in outside} == {2}
    if platform.libc_ver()[0] == "glibc":  # nothing to hold to a threshold elsewhere
        assert max(pages for _, pages in inside) < 4096  # the first of a process grows it once
        assert min(pages for _, pages in outside) > 64 * 256 * 0.9


def test_conditions_end_with_the_last_thread():
    """A worker may have several threads: the first to leave must not take the limit from the
    second, nor the second keep it.
    """
    conditions, found = Conditions(), []
    second_is_in, first_is_out, first_may_end = (
        threading.Event(),
        threading.Event(),
        threading.Event(),
    )

    def first():
        with conditions():
            second_is_in.wait()
        first_is_out.set()
        first_may_end.wait()  # a living thread keeps the right to set OpenBLAS

    def second():
        with conditions():
            second_is_in.set()
            first_is_out.wait()
            found.append(blas_threads())

    before = blas_threads()
    set_blas_threads()
    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    threads[1].join()
    found.append(blas_threads())
    first_may_end.set()
    threads[0].join()
    set_blas_threads(before)
    assert found == [1, 2]


def test_same_store_as_in_one_process(running, tmp_path, calm):
    campaign(store=tmp_path / "s.sqlite", instances=12 * SIZE, scheduler=running.scheduler.address)
    assert contents(tmp_path / "s.sqlite") == calm


def test_workers_that_come_and_go(tmp_path, calm):
    """No worker at the start, one from then on; it is killed and another one comes."""
    seen = []
    with LocalCluster(n_workers=0, **QUIET) as found, Client(found, set_as_default=False) as client:

        def tick(progress):
            seen.append(progress.done)
            if len(seen) == 3:
                for pid in client.run(os.getpid).values():
                    os.kill(pid, signal.SIGKILL)  # its nanny starts another
                found.scale(2)

        found.scale(1)
        campaign(
            store=tmp_path / "s.sqlite",
            instances=12 * SIZE,
            scheduler=found.scheduler_address,
            tick=tick,
        )
    assert contents(tmp_path / "s.sqlite") == calm


def test_a_cluster_without_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    monkeypatch.setattr(cluster, "LOOK", 0.1)
    with (
        LocalCluster(n_workers=0, **QUIET) as found,
        pytest.raises(WorkerFailure, match="no worker for 0.2 s"),
    ):
        campaign(store=tmp_path / "s.sqlite", instances=SIZE, scheduler=found.scheduler_address)


def die(*ignored):
    os.kill(os.getpid(), signal.SIGKILL)


def divide(*ignored):
    return 1 // 0


def no_file(*ignored):
    with open("/nowhere/at/all"):
        pass


@pytest.mark.parametrize(
    ("work", "error"), [(divide, ZeroDivisionError), (no_file, FileNotFoundError)]
)
def test_errors_of_a_block_are_raised(running, work, error):
    """OSError too, which lost connections raise as well and which are tried again."""
    with pytest.raises(error):
        list(dask(partial(work), range(3), running.scheduler.address))


def test_blocks_that_kill_their_workers(tmp_path, monkeypatch):
    import dask.config

    monkeypatch.setattr("kdtheory.campaigns.driver.work", die)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, **QUIET) as found,
        pytest.raises(WorkerFailure, match="workers died on blocks"),
    ):
        campaign(store=tmp_path / "s.sqlite", instances=3 * SIZE, scheduler=found.scheduler_address)
    assert contents(tmp_path / "s.sqlite") == ([], [])


def test_workers_with_another_kdtheory(running, tmp_path, capsys):
    """A task that names kdtheory's functions would never come back from a worker without it."""

    def change(version):
        import importlib
        import sys

        sys.modules.pop("kdtheory", None)
        if version is None:
            sys.modules["kdtheory"] = None
        else:
            importlib.import_module("kdtheory").__version__ = version

    line = [
        "campaign",
        "--store",
        str(tmp_path / "s.sqlite"),
        "--instances",
        "256",
        "--scheduler",
        running.scheduler.address,
    ]
    for version, message in ((None, "lacks kdtheory"), ("0.0.9", "it has version 0.0.9")):
        running.run(change, version)
        assert main(line) == 2
        assert message in capsys.readouterr().err
    running.run(change, cluster.__version__)
    assert main(line) == 0


def process(module, *words):
    """A part of a cluster as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *words, "--no-dashboard"],
        stderr=subprocess.DEVNULL,
    )


def test_a_scheduler_that_dies(tmp_path, monkeypatch, calm, capsys):
    """Once it comes back in time, at the same address, and the campaign goes on; the second time it
    does not.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address, parts = f"tcp://127.0.0.1:{port}", []

    def start():
        parts.append(process("dask_scheduler", "--host", "127.0.0.1", "--port", port))
        parts.append(process("dask_worker", address, "--nthreads", "1", "--no-nanny"))

    def kill():
        for part in parts:
            part.kill()
            part.wait()
        parts.clear()

    ticks = []

    def tick(progress):
        ticks.append(progress)
        if len(ticks) == 2:
            kill()
            start()

    start()
    try:
        until(lambda: answers(address))
        campaign(store=tmp_path / "s.sqlite", instances=12 * SIZE, scheduler=address, tick=tick)
        assert contents(tmp_path / "s.sqlite") == calm
        monkeypatch.setattr(cluster, "ANSWER", 1.0)
        with pytest.raises(WorkerFailure, match="was lost. Blocks stored so far are safe"):
            campaign(
                store=tmp_path / "t.sqlite",
                instances=12 * SIZE,
                scheduler=address,
                tick=lambda progress: kill(),
            )
    finally:
        kill()
    blocks, results = contents(tmp_path / "t.sqlite")
    assert 1 <= len(blocks) < 12
    assert results == [row for row in calm[1] if (row[0], SIZE) in blocks]
    campaign(store=tmp_path / "t.sqlite", instances=12 * SIZE, workers=1)
    assert contents(tmp_path / "t.sqlite") == calm


def answers(address):
    try:
        Client(address, set_as_default=False, timeout=5).close()
    except OSError:
        return False
    return True


def until(condition):
    """Counted in looks and not in seconds, which pass on a machine that stands still as well."""
    for _ in range(2400):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def test_who_is_no_scheduler(running, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER", 0.5)
    until(running.nthreads)
    worker = next(iter(running.nthreads()))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for address, message in (
            ("nonsense", "No Dask scheduler answers"),
            ("tcp://127.0.0.1:x", "invalid literal"),
            ("", "missing port"),
            (f"tcp://127.0.0.1:{silent.getsockname()[1]}", "silence for 0.5 s"),
            (worker, "of a Dask worker"),
        ):
            with pytest.raises(InvalidInput, match=message):
                list(dask(partial(look), range(1), address))


def test_ctrl_c(running, tmp_path):
    """A real one, to the command: its exit code, its last line, and a cluster that has nothing left
    to do.
    """
    line = [
        "campaign",
        "--store",
        str(tmp_path / "s.sqlite"),
        "--instances",
        "1000000",
        "--scheduler",
        running.scheduler.address,
        "--json",
    ]
    code = "import sys; from kdtheory.cli import main; sys.exit(main(sys.argv[1:]))"
    with subprocess.Popen(
        [sys.executable, "-c", code, *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as driver:
        try:
            log = tmp_path / "s.sqlite-wal"
            until(lambda: log.exists() and log.stat().st_size > 40_000)
            driver.send_signal(signal.SIGINT)
            out, _ = driver.communicate(timeout=600)
        finally:
            driver.kill()
    assert driver.returncode == 130
    found = json.loads(out)
    assert found["interrupted"]
    assert found["instances"] == SIZE * len(contents(tmp_path / "s.sqlite")[0])
    until(lambda: not any(running.processing().values()))
