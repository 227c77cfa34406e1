"""Fluency and perplexity under a causal language model: a tiny random GPT-2, judged by its own loss."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from geneval.testing import scorer_checks
from geneval_references import GenevalError, MissingDependencyError, Reference, ReferenceSet
from geneval_scorers import Corpus, ask_all, expected_at, full, parse
from geneval_scorers.embedding._causal import Causal, causal_model

pytestmark = pytest.mark.neural

TEXTS = ["a cat", "", "a dog barks and a dog barks", "é 你好", "\ud800", "<|endoftext|>", "word " * 40]
LIMIT = 64


END = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}


def build_gpt(folder: Path, **ends: str) -> Path:
    """Two layers, 64 tokens of bytes, seeded random weights."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "<|endoftext|>"]
    inner = Tokenizer(models.BPE(vocab={word: i for i, word in enumerate(words)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    transformers.PreTrainedTokenizerFast(tokenizer_object=inner, **ends).save_pretrained(folder)
    torch.manual_seed(12345)
    size = {"n_positions": LIMIT, "n_embd": 16, "n_layer": 2, "n_head": 2, "initializer_range": 0.5}
    config = transformers.GPT2Config(vocab_size=len(words), bos_token_id=256, eos_token_id=256, **size)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def gpt(tmp_path_factory):
    return build_gpt(tmp_path_factory.mktemp("tiny-gpt"), **END)


def corpus_of(texts):
    sets = [ReferenceSet(str(i), (Reference("a cat"),)) for i in range(len(texts))]
    return Corpus(sets, [(str(i), "s", text, 0) for i, text in enumerate(texts)])


def asked(spec, texts):
    corpus = corpus_of(texts)
    return ask_all(parse(spec).fit(corpus), corpus, full(corpus))


def losses(folder, texts):
    """The mean loss that the model itself gives, one text at a time, between two marks of an end."""
    import torch
    import transformers

    model = transformers.GPT2LMHeadModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    found = []
    for text in texts:
        ids = torch.tensor([[256, *tokenizer(text)["input_ids"], 256][:LIMIT]])
        with torch.no_grad():
            found.append(float(model(ids, labels=ids).loss))
    return np.asarray(found)


PLAIN = [text for text in TEXTS if text not in {"\ud800", "<|endoftext|>"}]


def test_fluency_is_less_the_models_own_mean_loss_and_perplexity_its_exponential(gpt):
    expected = losses(gpt, PLAIN)
    fluency, perplexity = (asked(f"{name}(model='path:{gpt}')", PLAIN) for name in ("fluency", "perplexity"))
    assert fluency.segment == pytest.approx(-expected, abs=2e-6)
    assert perplexity.segment == pytest.approx(np.exp(expected), rel=1e-5)
    tokens = np.asarray([min(len(text.encode()) + 1, LIMIT - 1) for text in PLAIN])
    assert perplexity.corpus() == pytest.approx(math.exp(expected @ tokens / tokens.sum()), rel=1e-5)


def test_the_batch_size_changes_nothing(gpt):
    model = causal_model(f"path:{gpt}", "fluency")
    sums, counts = model.log_probabilities(TEXTS)
    for size in (1, 2, 5):
        found, same = model.log_probabilities(TEXTS, batch_size=size)
        assert np.abs(found / same - sums / counts).max() < 1e-6 and (same == counts).all()


def test_a_text_that_spells_the_mark_of_an_end_is_a_text(gpt):
    _, counts = causal_model(f"path:{gpt}", "fluency").log_probabilities(["<|endoftext|>", ""])
    assert counts.tolist() == [len("<|endoftext|>") + 1, 1]


def test_each_text_is_asked_once_however_often_it_is_asked_about(gpt, monkeypatch):
    heard = []
    real = Causal.log_probabilities
    monkeypatch.setattr(
        Causal, "log_probabilities", lambda self, texts, **more: heard.extend(texts) or real(self, texts, **more)
    )
    corpus = corpus_of(["a cat", "a dog", "a cat"])
    for name in ("fluency", "perplexity"):
        scorer = parse(f"{name}(model='path:{gpt}')")
        ask_all(scorer, corpus, full(corpus), chunk=1)
        expected_at(scorer, corpus, full(corpus), 1)
    assert sorted(heard) == ["a cat", "a dog"]


def test_texts_beyond_the_limit_are_cut_and_a_notice_says_so(gpt):
    scorer = parse(f"fluency(model='path:{gpt}')")
    corpus = corpus_of(["a" * (LIMIT - 2), "a" * (LIMIT - 1)])
    (told, which), *more = scorer.notices(corpus).items()
    assert told == f"{scorer.label} reads only the beginning of long texts" and not more
    assert [len(corpus.texts[i]) for i in np.flatnonzero(which)] == [LIMIT - 1]
    assert parse("fluency").notices(corpus) == {}


def test_fluency_keeps_what_every_scorer_keeps(gpt):
    for check in scorer_checks(f"fluency(model='path:{gpt}')"):
        check()


def test_perplexity_keeps_what_every_scorer_keeps(tmp_path):
    """In double precision: rounding is multiplied by a perplexity of 1,300 here, and the kit allows 1e-6."""
    model = f"path:{build_gpt(tmp_path, **END)}"
    causal_model(model, "perplexity")._model.double()
    for check in scorer_checks(f"perplexity(model='{model}')"):
        check()


def test_it_learns_nothing_and_its_signature_has_the_weights_and_no_path(gpt):
    scorer = parse(f"fluency(model='path:{gpt}')")
    assert not scorer.needs_fit and scorer.fit(corpus_of(["a"])) == scorer
    assert f"path:{gpt.name}" in scorer.signature() and str(gpt.parent) not in scorer.signature()
    assert "|max_tokens:64|start:256|end:256" in scorer.signature()


def test_a_model_that_looks_ahead_is_refused(tmp_path):
    """transformers loads a BERT as a language model, and it would see the words that it is to predict."""
    import transformers

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    ends = {"eos_token": "[SEP]"}
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt"), **ends).save_pretrained(tmp_path)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(vocab_size=len(words), initializer_range=0.5, **size)
    transformers.BertForMaskedLM(config).save_pretrained(tmp_path)
    with pytest.raises(GenevalError, match="sees the tokens that fluency asks it to predict"):
        asked(f"fluency(model='path:{tmp_path}')", ["a"])


def test_a_tokeniser_without_the_mark_of_an_end_is_refused(tmp_path):
    with pytest.raises(GenevalError, match="marks no end of a text"):
        asked(f"fluency(model='path:{build_gpt(tmp_path)}')", ["a"])


def test_weights_that_give_no_numbers_give_no_score(gpt, tmp_path):
    from safetensors.numpy import load_file, save_file

    copy = Path(shutil.copytree(gpt, tmp_path / "gpt"))
    weights = load_file(copy / "model.safetensors")
    weights["transformer.ln_f.weight"] = weights["transformer.ln_f.weight"] * np.float32("nan")
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(GenevalError, match="no numbers"):
        asked(f"fluency(model='path:{copy}')", ["a"])


def test_a_missing_model_says_what_to_do():
    with pytest.raises(MissingDependencyError, match="hf download openai/none"):
        parse("perplexity(model='hf:openai/none')").prepare()
