"""Checks of what a scorer says about itself: spec, signature, declarations; and that it is a value."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re

from geneval_scorers._scorer import FunctionScorer, Scorer
from geneval_scorers._spec import built, check_options, spelled, split_spec
from geneval_scorers.conformance._trial import Trial, check, corpus_of, expect, fail


def _has_a_spec(scorer: Scorer) -> bool:
    """A user's own function, wrapped in the process, cannot be named by a text."""
    return not isinstance(scorer, FunctionScorer)


@check()
def it_declares_what_its_numbers_are(trial: Trial) -> None:
    """`info` is filled in: meaning, range, direction, kind, role, identical text, source, licence."""
    info = trial.scorer.info
    for name in ("summary", "identical", "source", "licence"):
        expect(getattr(info, name), f"info.{name} is empty")
    low, high = info.scale
    expect(low is None or high is None or low < high, f"info.scale is {info.scale}")
    expect(info.direction in {"higher", "lower"}, f"info.direction is {info.direction!r}")
    expect(info.kind in {"pair", "pool", "set"}, f"info.kind is {info.kind!r}")
    expect(info.role in {"validity", "diversity", "trait"}, f"info.role is {info.role!r}")


@check(_has_a_spec)
def a_spec_reads_back_what_repr_writes(trial: Trial) -> None:
    """`parse(repr(scorer)) == scorer`."""
    name, options = split_spec(repr(trial.scorer))
    expect(name == trial.scorer.name, f"repr is {trial.scorer!r}, the name {trial.scorer.name!r}")
    cls = type(trial.scorer)
    check_options(name, cls, options)
    back = built(cls, options)
    expect(back == trial.scorer, f"{trial.scorer!r} reads back as {back.options()}")


@check(_has_a_spec)
def repr_tells_what_differs_and_the_signature_everything(trial: Trial) -> None:
    """`repr` shows the options that differ from their defaults, the signature all of them, and both are stable."""
    scorer = trial.scorer
    signature = trial.ready(corpus_of(trial.items)).signature()
    for field in dataclasses.fields(scorer):
        if field.init:
            option = re.compile(rf"\b{spelled(field)}=")
            expect(option.search(signature), f"the signature does not tell {spelled(field)}: {signature}")
            changed = getattr(scorer, field.name) != field.default
            told = option.search(repr(scorer)) is not None
            expect(told == changed, f"repr is {scorer!r}; {spelled(field)} changed: {changed}")
    expect(signature.isprintable(), f"the signature has characters that do not print: {signature!r}")
    expect(scorer.label.startswith(scorer.name), f"the label is {scorer.label!r}, the name {scorer.name!r}")
    expect(scorer.signature() == copy.copy(scorer).signature(), f"two signatures of one scorer: {scorer.signature()}")


@check()
def it_is_a_value(trial: Trial) -> None:
    """Frozen and hashable; equal to its copy."""
    scorer, other = trial.scorer, copy.copy(trial.scorer)
    expect(scorer == other, f"{scorer!r} is not equal to its copy")
    expect(hash(scorer) == hash(other), "equal scorers have different hashes")
    for field in dataclasses.fields(scorer):
        try:
            setattr(other, field.name, getattr(scorer, field.name))
        except dataclasses.FrozenInstanceError:
            continue
        fail(f"its option {field.name} can be set; write @dataclass(frozen=True, repr=False)")


@check(_has_a_spec)
def it_can_be_sent_to_another_process(trial: Trial) -> None:
    """Pickled and read back it is the same scorer, before and after fitting."""
    for scorer in (trial.scorer, trial.ready(corpus_of(trial.items))):
        # In memory, and of its own making: no file is read.
        back = pickle.loads(pickle.dumps(scorer))  # noqa: S301
        expect(back == scorer, f"{scorer!r} comes back as {back!r}")
        expect(back.needs_fit == scorer.needs_fit, "it comes back without what it learned")
        expect(back.signature() == scorer.signature(), f"{scorer.signature()} comes back as {back.signature()}")
