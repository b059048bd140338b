"""The pytest plugin: inert until it is used, and nothing is imported before.

* ``--kdtheory-instances N``: settings that every check of ``parametrize_with_checks`` looks at, and
  examples of the Hypothesis profile ``kdtheory``;
* ``--hypothesis-profile=kdtheory``: N examples, no deadline, the same on every run;
* the marker ``@pytest.mark.kdtheory("theorem-1")`` with the fixture ``kdtheory_setting``: the test
  runs once for each of N settings of that statement.
"""

from __future__ import annotations

from typing import Any

import pytest

DEFAULT = 12


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option."""
    parser.getgroup("kdtheory").addoption(
        "--kdtheory-instances",
        type=int,
        default=None,
        metavar="N",
        help=f"settings that each kdtheory check draws (default {DEFAULT})",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """The marker; the profile and the number only where somebody asked for them."""
    config.addinivalue_line(
        "markers", "kdtheory(theorem): run with the fixture kdtheory_setting on drawn settings"
    )
    count = config.getoption("--kdtheory-instances")
    if count is not None and count < 1:
        raise pytest.UsageError(f"--kdtheory-instances must be >= 1, got {count}.")
    if config.getoption("--hypothesis-profile", default=None) == "kdtheory":
        from hypothesis import settings

        settings.register_profile(
            "kdtheory", max_examples=count or 100, deadline=None, derandomize=True
        )
    if count is not None:
        from kdtheory.testing import suite

        suite.INSTANCES = count


def pytest_unconfigure(config: pytest.Config) -> None:
    """The number of instances is this run's only."""
    if config.getoption("--kdtheory-instances") is not None:
        from kdtheory.testing import suite

        suite.INSTANCES = DEFAULT


def pytest_generate_tests(metafunc: Any) -> None:
    """One test for each drawn setting."""
    if "kdtheory_setting" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("kdtheory")
    if marker is None or len(marker.args) != 1:
        raise pytest.UsageError(
            "the fixture kdtheory_setting needs to know the statement: write"
            ' @pytest.mark.kdtheory("theorem-1") above the test.'
        )
    from kdtheory.testing.drawing import drawn

    count = metafunc.config.getoption("--kdtheory-instances") or DEFAULT
    found = drawn(marker.args[0], count)
    metafunc.parametrize("kdtheory_setting", found, ids=[str(i) for i in range(len(found))])
