"""Every public name shows an example, and the example does what it shows."""

from __future__ import annotations

import doctest
import inspect

import pytest

import kdtheory as kd
from kdtheory import testing

THINGS = {
    **{name: getattr(kd, name) for name in kd.__all__},
    **{f"testing.{name}": getattr(testing, name) for name in testing.__all__},
}
# Errors explain themselves; what is no class or function has no docstring of its own.
SHOWN = {
    name: thing
    for name, thing in THINGS.items()
    if (inspect.isfunction(thing) or inspect.isclass(thing))
    and not (inspect.isclass(thing) and issubclass(thing, Exception))
}


@pytest.mark.parametrize("name", SHOWN)
def test_there_is_an_example(name: str) -> None:
    assert ">>>" in (inspect.getdoc(SHOWN[name]) or ""), f"{name} has no example in its docstring"


@pytest.mark.parametrize("name", SHOWN)
def test_the_example_runs(name: str) -> None:
    runner = doctest.DocTestRunner(verbose=False)
    said: list[str] = []
    for example in doctest.DocTestFinder(recurse=False).find(SHOWN[name], name, globs={}):
        if "." in name:  # inside its own room the names of the room are known
            example.globs.update({item: getattr(testing, item) for item in testing.__all__})
        runner.run(example, out=said.append)
    assert runner.failures == 0, "".join(said)
