"""What every scorer keeps, for those whose models are no package: run over tiny random ones."""

from __future__ import annotations

import pytest

from geneval.testing import scorer_checks
from geneval_scorers import parse

pytestmark = pytest.mark.neural

SPECS = [
    "bertscore(model='path:bert', layer=2, idf=True, rescale=True, baseline=(0.8, 0.8, 0.8))",
    "bertscore(model='path:roberta', measure='p', reduce='mean')",
    "cross_encoder(model='path:regression')",
    "cross_encoder(model='path:regression', symmetric=True, reduce='mean')",
    "entailment(model='path:nli')",
    "entailment(model='path:nli', measure='contradiction', reduce='mean')",
    "learned(model='path:regression')",
    "learned(model='path:regression', order='text_first')",
]
ROWS = [(spec, check.name) for spec in SPECS for check in scorer_checks(spec)]


@pytest.mark.parametrize(("spec", "check"), ROWS)
def test_it_keeps_what_every_scorer_keeps(tiny_models, spec, check):
    name = parse(spec).model.removeprefix("path:")
    here = spec.replace(f"path:{name}", f"path:{tiny_models(name)}")
    next(one for one in scorer_checks(here) if one.name == check)()
