"""What every test starts from."""

from __future__ import annotations

import os
import signal

import pytest

# As the command line does: an eighth of the time of proofs.  SymPy reads it when it is imported.
os.environ.setdefault("SYMPY_CACHE_SIZE", "20000")


def pytest_configure() -> None:
    """Tests that press Ctrl-C also work where the run itself is in the background of a shell, which
    ignores SIGINT there: what a process ignores its children ignore too.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Tests that share a module's fixture (a report, the site, a cluster) go to one worker of make
    test, which makes it once; in two workers it would be made twice.
    """
    for item in items:
        used = item._fixtureinfo.name2fixturedefs.values()
        shares = any(made.scope == "module" for candidates in used for made in candidates)
        if shares and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
