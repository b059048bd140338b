"""Objects known by the arguments that made them: equality, hash, pickle and a repr that is code."""

from __future__ import annotations

from typing import Any

import numpy as np

# Beyond so many numbers a repr names the shape only: nobody pastes it.
MOST_WRITTEN = 1000
# Entries of each array that the hash looks at; equality looks at all.
MOST_HASHED = 64


class Written:
    """A base for what is made of arrays and numbers and never changes.

    ``arguments`` gives what the class was called with, up to the copy that it keeps.  Two objects
    are equal when these are, entry by entry; ``repr`` is a call that evaluates to an equal object
    (after ``from kdtheory import *``), up to ``MOST_WRITTEN`` numbers.

    >>> from kdtheory import LeastSquares
    >>> made = LeastSquares([[1.0], [1.0]], [0.0, 2.0], ridge=0.5)
    >>> made
    LeastSquares([[1.0], [1.0]], [0.0, 2.0], ridge=0.5)
    >>> eval(repr(made)) == made and hash(eval(repr(made))) == hash(made)
    True
    """

    def __setattr__(self, name: str, value: Any) -> None:
        """Once, while it is made: constants and minimiser are derived from what it was made of."""
        if name in self.__dict__ or hasattr(type(self), name):
            kind = type(self).__name__
            raise AttributeError(
                f"{kind} never changes, so {name} cannot be set. Make a new {kind} instead."
            )
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        """Never."""
        kind = type(self).__name__
        raise AttributeError(f"{kind} never changes, so {name} cannot be deleted.")

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments that make an equal object."""
        raise TypeError(f"{type(self).__name__} does not say what it was made of.")

    def __eq__(self, other: object) -> bool:
        """Same class, same arguments."""
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Written)
        (own, named), (theirs, their_named) = self.arguments(), other.arguments()
        mine, others = (*own, *named.values()), (*theirs, *their_named.values())
        return list(named) == list(their_named) and all(map(_same, mine, others))

    def __hash__(self) -> int:
        """Of a few entries of every argument."""
        own, named = self.arguments()
        return hash((type(self), *map(_sample, (*own, *named.values()))))

    def __repr__(self) -> str:
        """A call that makes an equal object; the shapes only where that would fill pages."""
        own, named = self.arguments()
        if sum(np.size(value) for value in own) > MOST_WRITTEN:
            shapes = ", ".join("x".join(map(str, np.shape(value))) for value in own)
            return f"<{type(self).__name__} of arrays {shapes}>"
        said = [written(value) for value in own]
        said += [f"{name}={written(value)}" for name, value in named.items()]
        return f"{type(self).__name__}({', '.join(said)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython and Hypothesis show: the same code."""
        printer.text(repr(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as the call, so that what is read back is validated and frozen again."""
        own, named = self.arguments()
        return _make, (type(self), own, named)


def _make(kind: type[Any], own: tuple[Any, ...], named: dict[str, Any]) -> Any:
    return kind(*own, **named)


def written(value: Any) -> str:
    """An argument as code: arrays as lists."""
    if not isinstance(value, np.ndarray | np.generic):
        return repr(value)
    return repr(value.tolist()).replace("inf", "float('inf')")


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        return one.dtype == other.dtype and np.array_equal(one, other)
    return type(one) is type(other) and bool(one == other)


def _sample(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    flat = value.ravel()
    return value.shape, tuple(flat[:: max(1, flat.size // MOST_HASHED)].tolist())
