"""Processes that serve: they end with who started them, and with their memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kdtheory import cli
from kdtheory.prover import solvers
from kdtheory.system import child
from kdtheory.system.pool import Pool, ctrl_c_held

LINUX = sys.platform.startswith("linux")


def alive(pid: int) -> bool:
    """A zombie that nobody has buried is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def ended(pid: int, patience: float = 20.0) -> bool:
    end = time.monotonic() + patience
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def test_memory_is_limited() -> None:
    code = (
        "from kdtheory.system.child import limit_memory; limit_memory(2**30)\n"
        "try: bytearray(2**31)\n"
        "except MemoryError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


def test_a_solver_has_no_more_memory_than_it_is_given() -> None:
    """Read where the system keeps it."""
    assert solvers.run("z3", "(declare-const x Real)(assert (> x 0))(check-sat)") == "sat"
    process = solvers._solver("z3", os.getpid()).process
    assert process is not None
    lines = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("Max address space"))
    assert line.split()[3] == str(child.MEMORY)


def test_a_solver_ends_with_a_killed_parent() -> None:
    """In the middle of a question that it would work at for a minute."""
    code = """
import os, threading, time
from kdtheory import cli
from kdtheory.prover import solvers
letters = [f"x{i}" for i in range(24)]
hard = "".join(f"(declare-const {x} Real)(assert (> {x} 1))" for x in letters)
hard += "".join(f"(assert (= (* {a} {a} {b}) (+ {b} {c} 7)))"
                for a, b, c in zip(letters, letters[1:], letters[2:]))
threading.Thread(target=solvers.run, args=("cvc5", hard + "(check-sat)", 60.0)).start()
solver = solvers._solver("cvc5", os.getpid())
while solver.process is None: time.sleep(0.01)
print(solver.process.pid, flush=True)
time.sleep(60)
"""
    driver = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    pid = int(driver.stdout.readline())
    time.sleep(1.0)
    driver.kill()
    driver.wait()
    driver.stdout.close()
    assert ended(pid)


def test_a_solver_that_ended_between_two_questions_is_started_again() -> None:
    question = "(declare-const x Real)(assert (> x 0))(check-sat)"
    assert solvers.run("z3", question) == "sat"
    process = solvers._solver("z3", os.getpid()).process
    assert process is not None
    process.kill()
    process.wait()
    assert solvers.run("z3", question) == "sat"


def nothing() -> None:
    """A start that does nothing: the process keeps Python's own Ctrl-C."""


def mask() -> str:
    """Signals that are blocked in this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line for line in lines if line.startswith("SigBlk"))


def test_workers_never_see_ctrl_c() -> None:
    """Not even before their own code runs, where each printed a traceback."""
    with Pool(2, nothing) as pool:
        for key in range(2):
            pool.submit(key, mask)
        answers: list[str] = []
        while pool.busy:
            answers += [answer.value for answer in pool.answers()]
    for line in answers:
        assert int(line.split()[1], 16) & 1 << (signal.SIGINT - 1)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_ctrl_c_waits_though_another_thread_takes_it() -> None:
    """A thread that does not block it, as those of BLAS: a process that was half started printed a
    traceback.
    """
    ready, end = threading.Event(), threading.Event()
    other = threading.Thread(target=lambda: (ready.set(), end.wait()))
    other.start()
    ready.wait()
    reached = []
    try:
        with pytest.raises(KeyboardInterrupt), ctrl_c_held():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            reached.append("the end")
    finally:
        end.set()
        other.join()
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("presses", [1, 2, 3])
def test_ctrl_c_ends_a_campaign_quietly(tmp_path: Path, presses: int) -> None:
    """Also a second time, which hung at the end of the interpreter; and while workers start."""
    words = ["campaign", "--store", "s.sqlite", "--instances", "500000", "--workers", "2"]
    for pause in (0.4, 2.5):
        driver = subprocess.Popen(
            [sys.executable, "-m", "kdtheory", *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        time.sleep(pause)
        for _ in range(presses):
            os.killpg(driver.pid, signal.SIGINT)
            time.sleep(0.03)
        _, err = driver.communicate(timeout=20)
        assert driver.returncode in (130, -signal.SIGINT), err
        assert "Traceback" not in err, err


def test_ctrl_c_while_a_compiled_module_is_loaded(monkeypatch, capsys) -> None:
    """pybind11 turns whatever ends a module's start into an ImportError, with its cause; a missing
    module that nobody pressed a key for stays an error.
    """

    def interrupted(*_: object) -> int:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as key:
            raise ImportError("initialization failed") from key

    def missing(*_: object) -> int:
        raise ImportError("initialization failed")

    for answer, code, words in ((interrupted, 130, "stopped"), (missing, 2, "ImportError")):
        monkeypatch.setattr(cli, "_answer", answer)
        assert cli.main(["campaign"]) == code
        assert words in capsys.readouterr().err
