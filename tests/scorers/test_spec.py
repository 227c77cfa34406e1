"""Specs: what may be written, and what is said to whoever writes something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneval_references import UsageError
from geneval_scorers import Bleu, Chrf, Rouge, pair_scorer, parse, scorer
from geneval_scorers._spec import split_spec, write_spec

LITERALS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(str.isidentifier)


@pytest.mark.parametrize(
    ("spec", "built"),
    [
        ("bleu", Bleu()),
        ("bleu()", Bleu()),
        (" chrf( word_order = 2 ) ", Chrf(word_order=2)),
        ("bleu(smooth='add-k', smooth_value=2)", Bleu(smooth="add-k", smooth_value=2)),
        ('rouge(kind="L")', Rouge(kind="L")),
    ],
)
def test_a_spec_is_a_call_with_literals(spec, built):
    assert parse(spec) == built


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("blue", r"no scorer named 'blue'; there are: .*, bleu, .*did you mean bleu\?"),
        ("bleu(lower=True)", r"bleu has no option 'lower'; allowed: lowercase, .*did you mean lowercase\?"),
        ("bleu(lowercase=1)", "lowercase=1 does not fit; allowed: True or False"),
        ("bleu(max_order=True)", "max_order=True does not fit; allowed: a whole number"),
        ("bleu(max_order=0)", "max_order=0 does not fit; allowed: 1 or more"),
        ("bleu(smooth='expo')", "allowed: 'exp', 'floor', 'add-k', 'none'"),
        ("bleu(smooth_value=1.0)", "smooth_value belongs to smooth='floor' or 'add-k', not to 'exp'"),
        ("bleu(smooth_value='x')", "allowed: a number or None"),
        ("bleu(tokenizer=13)", "allowed: a string in quotes"),
        ("rouge", r"rouge needs kind \('1', '2', 'L', 'Lsum'\); write rouge\(kind=\.\.\.\)"),
        ("rouge(kind=L)", "the value of kind is no literal; strings need quotes"),
        ("rouge(kind=2)", "kind=2 does not fit; allowed: '1', '2', 'L', 'Lsum'"),
        ("chrf(2)", r"options are given by name, for example chrf\(option=2\)"),
        ("chrf(**{})", "is not a scorer spec"),
        ("chrf(", "is not a scorer spec"),
        ("a.b(c=1)", "is not a scorer spec"),
        ("", "is not a scorer spec"),
        ("__import__('os').system('true')", "is not a scorer spec"),
        ("chrf(char_order=0)", "orders are 0 or more, one of them at least 1"),
        ("coco_bleu(n=0)", "n=0 does not fit; allowed: 1 or more"),
        ("cider(sigma=0.0)", "n is 1 or more, sigma above 0"),
    ],
)
def test_what_is_no_spec_is_told_what_is(spec, said):
    with pytest.raises(UsageError, match=said):
        parse(spec)


@given(NAMES.filter(lambda name: name not in {"None", "True", "False"}), st.dictionaries(NAMES, LITERALS, max_size=3))
def test_whatever_is_written_is_read_back(name, options):
    import keyword

    if not any(map(keyword.iskeyword, [name, *options])):
        assert split_spec(write_spec(name, options)) == (name, options)


def test_unknown_tokenisers_are_refused_before_anything_is_scored():
    with pytest.raises(UsageError, match="13a"):
        parse("bleu(tokenizer='14a')").prepare()


def test_a_name_is_given_once():
    with pytest.raises(UsageError, match="there is a scorer named 'bleu' already"):
        scorer("bleu")(Chrf)


def test_a_users_function_shows_its_name_and_reduction():
    def overlap(text: str, reference: str) -> float:
        """Shared letters."""
        return float(len(set(text) & set(reference)))

    made = pair_scorer(overlap, reduce="mean")
    assert (repr(made), made.info.summary) == ("overlap(reduce='mean')", "Shared letters.")
    assert made.signature() == "overlap(direction='higher', reduce='mean')|code:user"
