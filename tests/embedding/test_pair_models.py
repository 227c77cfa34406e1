"""Scorers that read two texts together: tiny random models, judged by transformers and sentence-transformers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import tiny

import geneval
from geneval_references import GenevalError, MissingDependencyError, Reference, ReferenceSet, UsageError
from geneval_scorers import Corpus, CrossEncoder, Entailment, Learned, ask_all, band, expected_at, full
from geneval_scorers.embedding import _pair_models
from geneval_scorers.embedding._pair_models import PairModel
from geneval_scorers.embedding._pretrained import find_pretrained
from geneval_scorers.embedding.entailment import combined

pytestmark = pytest.mark.neural

PAIRS = [
    ("a cat", "a dog"),
    ("", ""),
    ("", "a cat sat on the mat"),
    ("x " * 50, "b"),
    ("the cat sat on the mat", "the dog"),
    ("🙂 é", "\ud800"),
    ("a. b", "a b c d e f g"),
]
ITEMS = [
    ("a cat", ["a cat sat", "the cat", "a cat"]),
    ("", ["dogs"]),
    ("a dog ran far", ["a cat sat", "it ran"]),
    ("🙂", ["🙂", "x"]),
]


def corpus_of(items=ITEMS):
    sets = [ReferenceSet(str(i), tuple(map(Reference, references))) for i, (_, references) in enumerate(items)]
    return Corpus(sets, [(str(i), "s", text, 0) for i, (text, _) in enumerate(items)])


def asked(scorer, corpus=None):
    corpus = corpus or corpus_of()
    return ask_all(scorer, corpus, full(corpus))


def loaded(folder):
    return PairModel.load(find_pretrained(f"path:{folder}", "a test"), "cpu")


def judged(folder, pairs):
    """Logits of pairs, one at a time, by transformers alone."""
    import torch
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    out = []
    for pair in pairs:
        first, second = (text.encode("utf-8", "replace").decode() for text in pair)
        with torch.no_grad():
            # As lists: of a single pair the tokeniser would drop an empty second text.
            batch = tokenizer([first], [second], return_tensors="pt", truncation="longest_first")
            out.append(model(**batch).logits[0].double().numpy())
    return np.stack(out)


# --- the model ---


@pytest.mark.parametrize("name", ["regression", "nli"])
def test_logits_are_those_of_transformers_for_any_batch_size(tiny_models, name):
    model = loaded(tiny_models(name))
    expected = judged(tiny_models(name), PAIRS)
    for size in (1, 2, 3, 32):
        logits, cut = model.logits(PAIRS, batch_size=size)
        assert np.abs(logits - expected).max() <= 1e-6
        assert cut.tolist() == [False, False, False, True, False, False, False]


def test_no_pairs_give_no_rows(tiny_models):
    assert loaded(tiny_models("nli")).logits([])[0].shape == (0, 3)


def test_every_ordered_pair_is_read_once_whoever_asks(tiny_models, monkeypatch):
    read: list[tuple[str, str]] = []
    whole = PairModel.logits

    def logits(self, pairs, **options):
        read.extend(pairs)
        return whole(self, pairs, **options)

    monkeypatch.setattr(PairModel, "logits", logits)
    corpus = corpus_of()
    for measure in ("paraphrase", "omission"):
        scorer = Entailment(model=f"path:{tiny_models('nli')}", measure=measure)
        for queries in (full(corpus), band(corpus)):
            ask_all(scorer, corpus, queries, chunk=1)
            expected_at(scorer, corpus, queries, 1)
    assert len(read) == len(set(read))


# --- entailment ---


def test_the_five_cases_of_two_certain_directions():
    """Entailment, neutral, contradiction of the text given the reference, and of the reference given the text."""
    e, n, c = np.eye(3)
    cases = [(e, e, 0), (e, n, 1), (n, e, 2), (n, n, 4), *((c, other, 3) for other in (e, n, c)), (e, c, 3), (n, c, 3)]
    found = combined(np.stack([one for one, _, _ in cases]), np.stack([other for _, other, _ in cases]))
    assert found.argmax(axis=1).tolist() == [case for _, _, case in cases]
    assert (found.max(axis=1) == 1).all()


def test_the_five_cases_by_hand():
    found = combined(np.asarray([[0.7, 0.2, 0.1]]), np.asarray([[0.5, 0.3, 0.2]]))
    assert found[0] == pytest.approx([0.35, 0.21, 0.1, 0.28, 0.06]) and found.sum() == pytest.approx(1)


MEASURES = ["paraphrase", "omission", "addition", "contradiction", "neutral"]


@pytest.mark.parametrize("measure", MEASURES)
def test_numbers_are_those_of_the_formula(tiny_models, measure):
    scorer = Entailment(model=f"path:{tiny_models('nli')}", measure=measure)
    pairs = [(text, reference) for text, references in ITEMS for reference in references]

    def chances(ordered):
        powers = np.exp(judged(tiny_models("nli"), ordered))
        c, n, e = (powers / powers.sum(axis=1, keepdims=True)).T
        return e, n, c

    e, n, c = chances([(r, t) for t, r in pairs])
    back_e, back_n, back_c = chances(pairs)
    cases = [e * back_e, e * back_n, n * back_e, 1 - (1 - c) * (1 - back_c), n * back_n]
    expected = dict(zip(MEASURES, cases, strict=True))[measure]
    ends = np.cumsum([len(references) for _, references in ITEMS])[:-1]
    better = max if measure == "paraphrase" else min
    answers = asked(scorer)
    assert answers.segment == pytest.approx([better(part) for part in np.split(expected, ends)], abs=1e-6)
    profile = scorer.profile(answers.rows)
    assert list(profile) == MEASURES
    assert sum(profile.values()) == pytest.approx(np.ones(len(ITEMS)))
    assert profile[measure] == pytest.approx(answers.segment)


@pytest.mark.parametrize(
    "labels",
    [
        {0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"},  # roberta-large-mnli
        {0: "contradiction", 1: "entailment", 2: "neutral"},  # cross-encoder/nli-deberta-v3-base
        {0: "entailment", 1: "neutral", 2: "contradiction"},  # MoritzLaurer/DeBERTa-v3-base-mnli
    ],
)
def test_the_order_of_the_outputs_is_the_configurations(tiny_models, tmp_path, labels):
    """The same weights, their outputs put in another order: the same numbers."""
    from safetensors.numpy import load_file, save_file

    (folder := tmp_path / "turned").mkdir()
    tiny.nli(folder, labels)
    names = [tiny.MNLI[at].casefold() for at in range(3)]
    turn = [names.index(labels[at].casefold()) for at in range(3)]
    weights = load_file(folder / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        weights[name] = np.ascontiguousarray(weights[name][turn])
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    plain, turned = (Entailment(model=f"path:{path}") for path in (tiny_models("nli"), folder))
    assert asked(turned).rows == pytest.approx(asked(plain).rows, abs=1e-6)
    assert f"|outputs:{','.join(labels[at].casefold() for at in range(3))}" in turned.signature()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            None,
            "names its outputs 'LABEL_0', 'LABEL_1', 'LABEL_2'; entailment needs entailment, neutral, contradiction",
        ),
        ({0: "entailment", 1: "not_entailment"}, "names its outputs 'entailment', 'not_entailment'"),
        ({0: "entailment", 1: "neutral", 2: "other"}, "names its outputs 'entailment', 'neutral', 'other'"),
    ],
)
def test_labels_that_do_not_tell_are_refused(tmp_path, labels, said):
    tiny.nli(tmp_path, labels or {})
    with pytest.raises(UsageError, match=said) as caught:
        asked(Entailment(model=f"path:{tmp_path}"))
    assert "labels='contradiction,neutral,entailment'" in str(caught.value)


def test_a_configuration_that_contradicts_itself_is_refused(spoilable):
    folder = spoilable("nli")
    config = json.loads((folder / "config.json").read_text())
    config["label2id"] = {"ENTAILMENT": 0, "NEUTRAL": 1, "CONTRADICTION": 2}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match="contradicts itself: id2label has entailment at 2, label2id at 0"):
        asked(Entailment(model=f"path:{folder}"))
    told = Entailment(model=f"path:{folder}", labels="contradiction,neutral,entailment")
    assert np.array_equal(asked(told).rows, asked(Entailment(model=f"path:{folder}", labels=told.labels)).rows)


def test_labels_can_be_told(tiny_models, tmp_path):
    tiny.nli(tmp_path, {})
    told = Entailment(model=f"path:{tmp_path}", labels="contradiction, neutral, entailment")
    assert np.array_equal(asked(told).rows, asked(Entailment(model=f"path:{tiny_models('nli')}")).rows)
    with pytest.raises(UsageError, match="names its outputs 'yes', 'no'"):
        Entailment(model="path:x", labels="yes,no")
    with pytest.raises(UsageError, match="the model has 1 outputs, not 3"):
        asked(Entailment(model=f"path:{tiny_models('regression')}", labels=told.labels))


@pytest.mark.parametrize("measure", MEASURES)
def test_less_is_better_of_anything_but_a_paraphrase(measure):
    scorer = Entailment(model="path:x", measure=measure)
    assert scorer.info.direction == ("higher" if measure == "paraphrase" else "lower")


# --- cross-encoders ---

ACTIVATIONS = [None, "torch.nn.modules.activation.Sigmoid", "torch.nn.modules.linear.Identity", "torch.nn.Tanh"]


def parts(folder, *kinds):
    """The list that sentence-transformers keeps of a model's parts since its version 6."""
    found = [{"idx": i, "name": str(i), "path": "", "type": f"sentence_transformers.{k}"} for i, k in enumerate(kinds)]
    (folder / "modules.json").write_text(json.dumps(found))


def with_activation(folder, name, place):
    file, key = {
        "new": ("config_sentence_transformers.json", "activation_fn"),
        "4": ("config.json", "sentence_transformers"),
        "old": ("config.json", "sbert_ce_default_activation_function"),
    }[place]
    if place == "new":
        parts(folder, "base.modules.transformer.Transformer")
    path = folder / file
    content = json.loads(path.read_text()) if path.exists() else {"model_type": "CrossEncoder"}
    value = {"activation_fn": name} if place == "4" else name
    path.write_text(json.dumps(content | {key: value}))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("place", ["new", "4", "old"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_numbers_are_those_of_sentence_transformers(spoilable, activation, place):
    import torch
    from sentence_transformers import CrossEncoder as Judge

    folder = spoilable("regression")
    if activation is not None and place == "new":
        own = getattr(torch.nn, activation.rpartition(".")[2])()
        Judge(str(folder), device="cpu", local_files_only=True, activation_fn=own).save_pretrained(str(folder / "new"))
        folder /= "new"
    elif activation is not None:
        with_activation(folder, activation, place)
    judge = Judge(str(folder), device="cpu", local_files_only=True)
    scorer = CrossEncoder(model=f"path:{folder}", reduce="mean")
    expected = [np.mean(judge.predict([(text, r) for r in references])) for text, references in ITEMS]
    assert asked(scorer).segment == pytest.approx(expected, abs=1e-6)
    assert scorer.signature().endswith(f"|activation:{(activation or 'Sigmoid').rpartition('.')[2]}")


def test_a_cross_encoder_as_sentence_transformers_saves_it_is_read(tiny_models, tmp_path):
    from sentence_transformers import CrossEncoder as Judge

    Judge(str(tiny_models("regression")), device="cpu", local_files_only=True).save_pretrained(str(tmp_path))
    saved, plain = (CrossEncoder(model=f"path:{path}") for path in (tmp_path, tiny_models("regression")))
    assert np.array_equal(asked(saved).segment, asked(plain).segment)


def test_symmetric_is_the_mean_of_both_orders(tiny_models):
    model = f"path:{tiny_models('regression')}"
    items = [("a cat", ["the dog"]), ("the dog", ["a cat"])]
    plain = asked(CrossEncoder(model=model), corpus_of(items)).segment
    both = asked(CrossEncoder(model=model, symmetric=True), corpus_of(items)).segment
    assert plain[0] != plain[1] and both == pytest.approx([plain.mean()] * 2)


def prompted(folder):
    parts(folder, "base.modules.transformer.Transformer")
    told = {"prompts": {"query": "judge: "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(told))


def of_several_parts(folder):
    parts(folder, "base.modules.transformer.Transformer", "cross_encoder.modules.logit_score.LogitScore")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: with_activation(folder, "torch.nn.Softplus", "new"), "ends with torch.nn.Softplus"),
        (lambda folder: with_activation(folder, "own.Sigmoid", "4"), "ends with own.Sigmoid"),
        (prompted, "puts an instruction before each pair"),
        (of_several_parts, "reads models that are one Transformer; .* is Transformer, LogitScore"),
    ],
)
def test_what_would_be_left_out_is_refused_before_any_work(spoilable, change, said):
    folder = spoilable("regression")
    change(folder)
    with pytest.raises(UsageError, match=said):
        CrossEncoder(model=f"path:{folder}").prepare()


# --- learned metrics ---


@pytest.mark.parametrize(("order", "turned"), [("reference_first", True), ("text_first", False)])
def test_a_learned_metric_is_the_models_output_as_it_is(tiny_models, order, turned):
    pairs = [(text, references[0]) for text, references in ITEMS]
    expected = judged(tiny_models("regression"), [pair[::-1] if turned else pair for pair in pairs])[:, 0]
    scorer = Learned(model=f"path:{tiny_models('regression')}", order=order)
    found = asked(scorer, corpus_of([(text, [reference]) for text, reference in pairs]))
    assert found.segment == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("scorer", [Learned, CrossEncoder])
def test_a_model_with_several_outputs_is_refused(tiny_models, scorer):
    with pytest.raises(
        UsageError, match=r"needs a model with one output; .* has 3 \(CONTRADICTION, NEUTRAL, ENTAILMENT"
    ):
        asked(scorer(model=f"path:{tiny_models('nli')}"))


# --- faults, for all of them ---

ALL = [(Learned, "regression"), (CrossEncoder, "regression"), (Entailment, "nli")]


def of_all(test):
    return pytest.mark.parametrize(("scorer", "name"), ALL)(test)


@of_all
def test_a_head_that_is_missing_is_never_made_up(tiny_models, spoilable, scorer, name):
    """transformers would fill it with random numbers and go on."""
    from safetensors.numpy import load_file, save_file

    folder = spoilable(name)
    weights = load_file(folder / "model.safetensors")
    kept = {key: value for key, value in weights.items() if not key.startswith("classifier")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(GenevalError, match=r"lacks 2 of the weights that .* needs, such as classifier.bias"):
        asked(scorer(model=f"path:{folder}"))
    # An encoder, which never had one.
    with pytest.raises(GenevalError, match=r"lacks .* of the weights"):
        asked(scorer(model=f"path:{tiny_models('bert')}"))


def break_weights(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def not_a_number(folder):
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][:] = np.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@of_all
@pytest.mark.parametrize(
    ("spoil", "said"),
    [(break_weights, "are its files damaged"), (not_a_number, "numbers that are not finite")],
)
def test_damaged_weights_are_an_error(spoilable, scorer, name, spoil, said):
    folder = spoilable(name)
    spoil(folder)
    with pytest.raises(GenevalError, match=said):
        asked(scorer(model=f"path:{folder}"))


ITS_OWN_CODE = "from pathlib import Path\nPath({flag!r}).touch()\nclass Own: pass\n"


@pytest.mark.parametrize("spec", ["bertscore", "entailment", "cross_encoder", "learned"])
@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_that_a_model_brings_along_never_runs(spoilable, tmp_path, spec, file):
    folder, flag = spoilable("regression"), tmp_path / "ran"
    (folder / "own.py").write_text(ITS_OWN_CODE.format(flag=str(flag)))
    own = {"AutoConfig": "own.Own", "AutoModelForSequenceClassification": "own.Own", "AutoTokenizer": ["own.Own", None]}
    content = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(content | {"model_type": "own", "auto_map": own}))
    with pytest.raises(UsageError, match=r"asks for code of the model's own .* which geneval never runs"):
        geneval.score(predictions=["a"], references=["b"], scorers=f"{spec}(model='path:{folder}')")
    assert not flag.exists()


@pytest.mark.parametrize("spec", ["bertscore", "entailment", "cross_encoder", "learned"])
def test_a_model_that_is_not_here_ends_with_code_6_and_the_command_to_run(tmp_path, spec):
    (tmp_path / "o.jsonl").write_text('{"id": "1", "references": ["a"], "outputs": {"s": "b"}}\n')
    command = [sys.executable, "-m", "geneval", "score", "o.jsonl", "-s", f"{spec}(model='hf:org/name@abc123')"]
    began = time.monotonic()
    env = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 6 and "hf download org/name --revision abc123" in done.stderr
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_names_its_extra(monkeypatch, tiny_models, package):
    folder = tiny_models("regression")
    from geneval_scorers.embedding import _pretrained

    found = _pretrained.find_spec
    monkeypatch.setattr(_pretrained, "find_spec", lambda name: None if name == package else found(name))
    with pytest.raises(MissingDependencyError, match=rf"learned needs {package}: pip install 'geneval-text\[neural\]'"):
        Learned(model=f"path:{folder}").prepare()


@of_all
def test_pairs_that_are_cut_are_counted(tiny_models, scorer, name):
    texts = {"s": ["a " * 100, "b"]}
    made = scorer(model=f"path:{tiny_models(name)}")
    result = geneval.score(predictions=texts, references=["a", "b"], scorers=repr(made))
    assert any("reads only the beginning of long pairs of texts: 2 of 4 texts" in w for w in result.warnings)


def test_a_folder_leaves_its_name_only(tiny_models):
    for scorer, name in ALL:
        signature = scorer(model=f"path:{tiny_models(name)}").signature()
        assert str(tiny_models(name).parent) not in signature and f"path:{tiny_models(name).name}" in signature


def test_a_model_is_loaded_once(tiny_models, monkeypatch):
    count = 0
    whole = _pair_models.load_pretrained

    def load(*given, **named):
        nonlocal count
        count += 1
        return whole(*given, **named)

    monkeypatch.setattr(_pair_models, "load_pretrained", load)
    _pair_models.pair_model.cache_clear()
    for order in ("reference_first", "text_first"):
        scorer = Learned(model=f"path:{tiny_models('regression')}", order=order)
        asked(scorer)
        scorer.signature()
    assert count == 1
