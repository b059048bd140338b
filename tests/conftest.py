"""What every test starts from."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Tests that press Ctrl-C also work where the run itself is in the background of a shell, which
    ignores SIGINT there: what a process ignores its children ignore too.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
