"""Files reach the disk whole or not at all; a folder is tried before the work and not after it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from kdtheory.errors import InvalidInput


def ready_folder(folder: str | os.PathLike[str], files: Iterable[str] = ()) -> Path:
    """The folder, made if missing and tried with a file; ``files`` are the names that will be
    written there.

    Raises:
        InvalidInput: it cannot be made or written to, or a folder has the name of a file; one line
            that names it and the reason.
    """
    path = Path(folder)
    if not str(folder):
        raise InvalidInput("The name of the folder to write to is empty. Name one, such as out.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error
    for name in files:
        if (path / name).is_dir():
            raise InvalidInput(
                f"Cannot write to {str(path / name)!r}: it is a folder. Remove it, or name another"
                " folder."
            )
    return path


def refuse_unplain(path: str | os.PathLike[str]) -> None:
    """Only plain files are read: opening a pipe would wait for its writer, and a device never ends.

    Raises:
        InvalidInput: there is something of that name that is no plain file.  OSError: there is
            nothing, or it cannot be looked at.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
        raise InvalidInput(
            f"{os.fspath(path)!r} is {kind}, not a plain file. Save it to a file first."
        )


def replace_file(target: Path, write: Callable[[IO[bytes]], object]) -> None:
    """``target`` becomes what ``write`` puts into an open file.  A reader never sees half of it; a
    failure leaves the old one.

    Raises:
        InvalidInput: the folder cannot be written to, or the disk is full.
    """
    try:
        handle, part = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.stem[:100]}-", suffix=target.suffix
        )
        try:
            with os.fdopen(handle, "wb") as file:
                write(file)
            os.chmod(part, 0o644)  # mkstemp makes private files
            os.replace(part, target)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as error:
        raise _unwritable(target, error) from error


def why(error: Exception) -> str:
    """Why reading or writing failed, in one line and few words: the system's, the library's first
    sentence, never its advice.

    NumPy's goes on to recommend unpickling what it cannot read, or shows the file's bytes.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = " ".join(str(error).split()).split(". ")[0].rstrip(".")
    if "pickle" in said:
        return "it holds pickled objects"
    return (
        "it does not begin as such a file does"
        if "magic string" in said
        else said or type(error).__name__
    )


def _unwritable(path: Path, error: OSError) -> InvalidInput:
    return InvalidInput(
        f"Cannot write to {str(path)!r}: {why(error)}. Name a folder that you may write to."
    )
