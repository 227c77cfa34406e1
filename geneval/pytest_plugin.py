"""The fixture `geneval_report`, for tests of one's own; pytest finds it where geneval is installed.

Loaded with every pytest of that environment, so it imports nothing but pytest until the fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from geneval.underestimation import Underestimation


@pytest.fixture(scope="session")
def geneval_report() -> Callable[..., Underestimation]:
    """Makes a report: `geneval_report("captions.jsonl", criterion="human_score", scorers=["token_f1"])`.

    Outputs are files, as on the command line, or `geneval.data.Inputs`; `references` and `columns` are of reading files, the
    rest goes to `geneval.find_underestimation`. `geneval.testing.assert_report` holds it to conditions.
    """
    return _report


def _report(
    outputs: Any, *, references: Sequence[str] = (), columns: dict[str, str] | None = None, **options: Any
) -> Underestimation:
    from geneval.data import Inputs, read_inputs
    from geneval.underestimation import find_underestimation

    if not isinstance(outputs, Inputs):
        named, sets = ([given] if not isinstance(given, list | tuple) else given for given in (outputs, references))
        outputs = read_inputs([str(one) for one in named], references=[str(one) for one in sets], columns=columns)
    return find_underestimation(outputs, **options)
