"""The conformance kit for scorers of one's own, and a check of reports; it needs no test runner.

Under pytest:

    @pytest.mark.parametrize("check", scorer_checks("my_scorer"), ids=str)
    def test_my_scorer_keeps_what_every_scorer_keeps(check):
        check()

    def test_no_system_is_marked_down(geneval_report):
        report = geneval_report("captions.jsonl", scorers=["my_scorer"])
        assert_report(report)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import geneval.specs  # noqa: F401 - blends lie in files
from geneval_scorers.conformance import ConformanceError, ScorerCheck, Trial, check_scorer, scorer_checks

if TYPE_CHECKING:
    from geneval.underestimation import Underestimation

__all__ = ["ConformanceError", "ScorerCheck", "Trial", "assert_report", "check_scorer", "scorer_checks"]


def assert_report(report: Underestimation, fail_if: Sequence[str] = ("underestimated",)) -> None:
    """Holds a report to conditions, those of `geneval report --fail-if`.

    Args:
        report: of `geneval.find_underestimation`, or of the fixture `geneval_report`.
        fail_if: `underestimated`, `penalised`, `relative_misranking`, `beaten`, `undecided`.

    Raises:
        AssertionError: a condition holds; the message says of which scorer and systems, and ends with the finding.
        UsageError: there is no such condition.
    """
    from geneval.underestimation._gates import failures

    __tracebackhide__ = True  # pytest shows the line of the test, and not this one
    told = failures(report.plain(), [fail_if] if isinstance(fail_if, str) else fail_if)
    if told:
        raise AssertionError("\n".join([*told, f"finding: {report.finding}"]))
