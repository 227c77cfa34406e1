"""A user's own function as an encoder."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import geneval
from geneval_references import ScorerError, UsageError
from geneval_scorers.embedding import load_encoder

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def letters(texts):
    """Counts letters."""
    return [[text.count(letter) for letter in LETTERS] for text in texts]


def test_scorers_take_it_by_its_name_and_the_signature_says_whose_it_is() -> None:
    model = geneval.encoder(letters, name="mine")
    assert model == "code:mine"
    scorer = geneval.parse(f"cosine(model={model!r})")
    assert repr(scorer) == "cosine(model='code:mine')"
    result = geneval.score(predictions=["abba"], references=[["ab", "cd"]], scorers=scorer, resamples=0)
    (row,) = result.scores
    assert row.score == pytest.approx(1)
    assert "|model:mine|code:user|norm:l2|" in row.signature


def test_each_distinct_text_is_asked_about_once_and_nothing_is_kept(cache) -> None:
    asked: list[str] = []

    def counting(texts):
        asked.extend(texts)
        return letters(texts)

    model = geneval.encoder(counting)
    predictions = {"a": ["x", "y", "x y"], "b": ["x", "y", "z"]}
    specs = [f"cosine(model={model!r})", f"cosine(model={model!r}, reduce='mean')"]
    geneval.score(predictions=predictions, references=[["x", "q"], ["y"], ["z"]], scorers=specs, k=(1,), resamples=0)
    assert sorted(asked) == sorted({"x", "y", "x y", "z", "q"})
    assert not cache.exists()


def test_a_name_may_come_to_stand_for_another_function() -> None:
    spec = f"cosine(model={geneval.encoder(letters, name='changing')!r})"
    texts = {"predictions": ["ab"], "references": ["abc"], "resamples": 0}
    before = geneval.score(**texts, scorers=spec).scores[0].score
    geneval.encoder(lambda texts: np.ones((len(texts), 2)), name="changing")
    assert (round(before, 4), geneval.score(**texts, scorers=spec).scores[0].score) == (0.8165, pytest.approx(1))


def test_batches_change_nothing() -> None:
    model = geneval.encoder(letters)
    texts = [LETTERS[: n % 26 + 1] for n in range(100)]
    assert np.array_equal(load_encoder(model, batch_size=7).encode(texts), load_encoder(model).encode(texts))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda texts: [1.0] * len(texts), r"shape \(64,\) and type float64 for 64 texts; it gives one row"),
        (lambda _: [[1.0]], r"shape \(1, 1\) and type float64 for 64 texts"),
        (lambda texts: [["a"]] * len(texts), "type <U1"),
        (lambda texts: [[float("nan")]] * len(texts), "numbers that are not finite"),
        (lambda texts: [[1.0] * len(text) for text in texts], "inhomogeneous"),
        (lambda texts: [[0.0] * len(texts[0])] * len(texts), "vectors of several lengths"),
        (lambda _: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_what_is_no_row_of_numbers_a_text_is_refused(function, said: str) -> None:
    model = geneval.encoder(function, name="wrong")
    predictions = [f"{'a' * 100}{n}" for n in range(64)]
    with pytest.raises(ScorerError, match=said):
        geneval.score(predictions=predictions, references=["b"] * 64, scorers=f"cosine(model={model!r})", resamples=0)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'<lambda>' is no name .* geneval.encoder\(function, name='mine'\)"):
        geneval.encoder(lambda texts: texts)


def test_another_process_does_not_know_it(tmp_path) -> None:
    (tmp_path / "o.jsonl").write_text('{"id": "1", "output": "a", "references": ["b"]}\n')
    command = [sys.executable, "-m", "geneval", "score", "o.jsonl", "-s", "cosine(model='code:mine')"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no encoder 'mine' was made known in this process by geneval.encoder(function, name='mine')" in done.stderr
