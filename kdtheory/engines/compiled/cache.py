"""Where compiled code is kept: the user's cache directory, or nowhere when none can be trusted and
written.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

# What sums may be reordered and multiply-adds fused; NaN and infinity keep their meaning, so that
# divergence is seen.
FASTMATH = {"reassoc", "contract", "nsz"}


def _version() -> str:
    """Numba looks at the date of the file that holds a kernel, not of those it uses: every source
    of this folder counts here.
    """
    digest = hashlib.sha256(f"{numba.__version__} {platform.python_version()}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _candidates() -> list[Path]:
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return [Path(chosen)]
    home = os.environ.get("XDG_CACHE_HOME")
    found = [Path(home)] if home else []
    with contextlib.suppress(RuntimeError):  # no home at all
        found.append(Path.home() / ".cache")
    found.append(
        Path(tempfile.gettempdir()) / f"cache-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    )
    return [path / "kdtheory" for path in found]


def _usable(path: Path) -> bool:
    """Writable by us, and by nobody else: a cached kernel is code that will run.

    Nor may others rename a folder above it and put their own in its place, which they may wherever
    everybody can write and no sticky bit forbids it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=path):
            pass
        status = path.stat()
        above = [folder.stat().st_mode for folder in path.resolve().parents]
    except OSError:
        return False
    return not hasattr(os, "getuid") or (
        status.st_uid == os.getuid()
        and not status.st_mode & 0o022
        and not any(mode & stat.S_IWOTH and not mode & stat.S_ISVTX for mode in above)
    )


def directory() -> Path | None:
    """The first usable of NUMBA_CACHE_DIR, the user's cache, a private folder among the temporary
    files; None if none is.
    """
    version = _version()
    for path in _candidates():
        if _usable(path / version):
            return path / version
    return None


DIRECTORY = directory()


_njit: Any = numba.njit  # Numba's stubs leave out some of its options
_config: Any = numba.config
_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": FASTMATH, "error_model": "numpy"}


def helper(function: Callable[..., Any]) -> Any:
    """``function`` for kernels to call: no way in from Python, and kept with the kernels that use
    it.
    """
    return _njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """``function`` written into the kernels that call it, as if it stood there: constants among its
    arguments choose a branch when the kernel is compiled.
    """
    return _njit(inline="always", **_OPTIONS)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """``function`` compiled on first use, without the interpreter lock, and kept in the cache
    directory.
    """
    if DIRECTORY is None:
        return _njit(no_cfunc_wrapper=True, **_OPTIONS)(function)
    before = _config.CACHE_DIR
    # Read when the function is decorated; the user's own kernels keep their place.
    _config.CACHE_DIR = str(DIRECTORY)
    try:
        return _njit(cache=True, no_cfunc_wrapper=True, **_OPTIONS)(function)
    finally:
        _config.CACHE_DIR = before
