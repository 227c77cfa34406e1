"""Tokenisers by name."""

import pytest
import sacrebleu

from geneval_references import UsageError
from geneval_scorers.tokenizers import TOKENIZERS, get_tokenizer


def test_every_tokenizer_of_sacrebleu_has_its_name_here() -> None:
    assert set(sacrebleu.BLEU.TOKENIZERS) <= set(TOKENIZERS)


@pytest.mark.parametrize("name", ["13A", "", "moses"])
def test_an_unknown_name_says_what_came_and_what_is_allowed(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        get_tokenizer(name)
    assert repr(name) in str(caught.value)
    assert all(allowed in str(caught.value) for allowed in TOKENIZERS)


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("none", "none"),
        ("char", "char"),
        ("13a", "13a"),
        ("intl", "intl"),
        ("zh", "zh"),
        ("unicode", "unicode-1"),
        ("rouge", "rouge"),
        ("ptb", "ptb-1"),
    ],
)
def test_a_tokenizer_knows_its_name_and_its_signature(name: str, signature: str) -> None:
    tokenizer = get_tokenizer(name)
    assert (tokenizer.name, tokenizer.signature) == (name, signature)
