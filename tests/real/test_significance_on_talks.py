"""Paired tests on thirteen systems of similar quality: sacrebleu's p-values, all of them."""

from __future__ import annotations

import logging

import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

import geneval
from geneval.data import read_inputs

pytestmark = pytest.mark.real

BASELINE = "Online-W"
"""In the middle of the field, so that p-values are of all sizes."""


@pytest.fixture(scope="module")
def talks(shared):
    """Items in the order of ids, which is that of our draws."""
    inputs = read_inputs([str(shared / "data" / "wmt21_ted_zhen" / "items.jsonl.gz")])
    items = sorted(inputs.items, key=lambda item: item.id)
    texts = {(output.system, output.id): output.text for output in inputs.outputs}
    systems = [BASELINE, *(system for system in inputs.systems if system != BASELINE)]
    return items, {system: [texts[system, item.id] for item in items] for system in systems}


def both(talks, systems, method, judges):
    """Rows of ours beside the results of sacrebleu, each system's under each scorer."""
    items, outputs = talks
    predictions = dict(list(outputs.items())[:systems])
    references = [[reference.text for reference in item.references] for item in items]
    ours = geneval.compare(
        predictions=predictions,
        references=references,
        ids=[item.id for item in items],
        scorers=[spec for spec, _ in judges],
        method={"ar": "randomisation", "bs": "bootstrap"}[method],
        resamples=500,
    )
    streams = [list(stream) for stream in zip(*references, strict=True)]
    metrics = {spec: judge() for spec, judge in judges}
    _, found = PairedTest(list(predictions.items()), metrics, streams, test_type=method, n_samples=500)()
    theirs = [result for name in list(found)[1:] for result in found[name][1:]]
    return list(zip(ours, theirs, strict=True))


@pytest.mark.parametrize("method", ["ar", "bs"])
def test_p_values_of_bleu_and_chrf_are_sacrebleus(talks, caplog, method):
    caplog.set_level(logging.CRITICAL, "sacrebleu")
    rows = both(talks, 13, method, [("bleu", BLEU), ("chrf", CHRF)])
    assert len(rows) == 24
    for row, judged in rows:
        assert row.score.value == pytest.approx(judged.score, abs=1e-9)
        assert (row.p, row.p_sacrebleu, row.tied) == (judged.p_value, judged.p_value, 0)
    assert sum(0.01 < row.p < 0.99 for row, _ in rows) >= 12


@pytest.mark.parametrize("method", ["ar", "bs"])
def test_p_values_of_ter_are_sacrebleus_but_for_ties(talks, caplog, method):
    caplog.set_level(logging.CRITICAL, "sacrebleu")
    for row, judged in both(talks, 3, method, [("ter", TER)]):
        assert row.score.value == pytest.approx(judged.score, abs=1e-9)
        assert row.p_sacrebleu == judged.p_value
        assert row.p == pytest.approx(judged.p_value + row.tied / 501, abs=1e-12)
