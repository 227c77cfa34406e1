"""The fixture `geneval_report`: what a test of a user's own sees."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from geneval.data import Rating, inputs_from_lists
from geneval.testing import assert_report
from geneval.underestimation import ReportPlan
from geneval_references import UsageError

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.once

HEAVY = {"numpy", "msgspec", "scipy", "datasets", "torch", "geneval.data", "geneval_scorers", "geneval_references"}
WORDS = ["red", "blue", "old", "new", "cat", "dog", "bird", "sits", "runs", "here", "there", "now"]


def rows(items=40):
    """`far` is as good as `near` for people, and shares fewer words with the references."""
    rng = np.random.default_rng(5)
    for number in range(items):
        own = rng.choice(WORDS, 8, replace=False).tolist()
        outputs = {"near": " ".join(own[:6]), "far": " ".join([*own[:2], "a", "b", "c", "d"])}
        grades = {name: float(rng.integers(1, 6)) for name in outputs}
        references = [" ".join(own), " ".join(own[::-1]), " ".join(own[2:] + own[:2])]
        yield {"id": str(number), "references": references, "outputs": outputs, "ratings": grades}


@pytest.fixture
def captions(pytester):
    path = pytester.path / "captions.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows()), encoding="utf-8")
    return path


def test_the_plugin_loads_nothing_heavy():
    code = "import sys, geneval.pytest_plugin; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.usefixtures("captions")
def test_a_users_test_fails_with_what_the_scorer_does(pytester, request):
    pytester.makepyfile(
        """
        import pytest
        from geneval.testing import assert_report
        from geneval.underestimation import ReportPlan

        @pytest.fixture(scope="module")
        def report(geneval_report):
            plan = ReportPlan(permutations=99, draws=100, resamples=100)
            return geneval_report("captions.jsonl", scorers=["token_f1"], plan=plan)

        def test_nobody_is_marked_down(report):
            assert_report(report)

        def test_no_valid_output_is_below_the_band(report):
            assert_report(report, ["penalised"])
        """
    )
    given = [] if request.config.pluginmanager.has_plugin("geneval") else ["-p", "geneval.pytest_plugin"]
    done = pytester.runpytest_subprocess(*given, "-p", "no:cacheprovider", "-W", "ignore")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        ["*underestimated: token_f1 marks far down at equal human quality*", "*finding: *token_f1*"]
    )


def made(geneval_report, **options):
    given = list(rows())
    predictions = {name: [row["outputs"][name] for row in given] for name in ("near", "far")}
    inputs = inputs_from_lists(
        predictions=predictions, references=[row["references"] for row in given], ids=[row["id"] for row in given]
    )
    ratings = [Rating(row["id"], name, grade) for row in given for name, grade in row["ratings"].items()]
    plan = ReportPlan(permutations=99, draws=100, resamples=100)
    return geneval_report(inputs, ratings=ratings, scorers=["token_f1"], plan=plan, **options)


def test_a_report_of_objects():
    from geneval.pytest_plugin import _report

    report = made(_report, name="objects")
    assert (report.name, report.of("far", "token_f1").direction) == ("objects", "down")
    with pytest.raises(AssertionError, match="marks near up, far down at equal human quality"):
        assert_report(report, "relative_misranking")
    with pytest.raises(UsageError, match=r"no condition 'unfair'.*underestimated, penalised"):
        assert_report(report, ["unfair"])
