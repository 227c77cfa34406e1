"""The reports to draw are beside the tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package: the cases are found by their name


@pytest.fixture(scope="session")
def cases():
    import report_cases

    return report_cases


@pytest.fixture(scope="session")
def report(cases):
    return cases.report()


@pytest.fixture(scope="session")
def hostile(cases):
    """A report whose every text attacks, and the texts."""
    return cases.hostile()
