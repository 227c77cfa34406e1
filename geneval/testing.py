"""The conformance kit for scorers of one's own; it needs no test runner.

Under pytest:

    @pytest.mark.parametrize("check", scorer_checks("my_scorer"), ids=str)
    def test_my_scorer_keeps_what_every_scorer_keeps(check):
        check()
"""

import geneval.specs  # noqa: F401 - blends lie in files
from geneval_scorers.conformance import ConformanceError, ScorerCheck, Trial, check_scorer, scorer_checks

__all__ = ["ConformanceError", "ScorerCheck", "Trial", "check_scorer", "scorer_checks"]
