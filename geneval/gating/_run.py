"""One run of the gate: what people said makes tiers, and teaches a model how far to believe the other candidates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geneval.circularity import FAMILIES
from geneval.data import InputFile, Judgement, Preference
from geneval.gating._drawn import Drawn, check_drawn
from geneval.gating._model import ByOrigin, Gate, Rejection, Result, Settings
from geneval.gating._people import compared, judged_candidates
from geneval.gating._pool import Key, Pool, key_of, kinds
from geneval.probing import wilson_interval
from geneval_references import InputError, Reference, ReferenceSet, UsageError
from geneval_references.gate import (
    CONTROLS,
    SURE,
    Certificate,
    Control,
    Judged,
    Model,
    Models,
    Question,
    Shift,
    Table,
    certify,
    controls,
    features,
    fit,
    implied_precision,
    learns,
    mean_by_item,
    rarity,
    share_here,
)

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_UNLIKELY = 3.29
"""Standard errors that a difference passes less than once in 1,000 times."""
_GROSS = 0.1
"""Shares of valid candidates that differ by less, what people say and what the model says, are alike: no model is exact."""

_SEES = {
    "negation": "what is denied: negation is read from a list of English words, so a model of entailment (--entailment)",
    "number swap": "what is counted: numbers of other references may cover it, so a model of entailment (--entailment)",
    "entity swap": "which names and kinds exclude each other: a model of entailment (--entailment), or judged examples",
    "role swap": "who does what to whom: a parser, or a model of entailment (--entailment)",
    "antonym": "which words exclude each other: a model of entailment (--entailment), or a longer list of opposites",
    "same topic": "nothing, as it may be: an answer of another item can be right here; people have to judge these",
}


def run_gate(
    sets: Sequence[ReferenceSet],
    judgements: Sequence[Judgement],
    settings: Settings,
    *,
    drawn: Sequence[Drawn] = (),
    preferences: Sequence[Preference] = (),
    models: Models | None = None,
    earlier: Gate | None = None,
    files: Sequence[InputFile] = (),
    notes: Sequence[str] = (),
    watch: Callable[[str, int, int], None] | None = None,
) -> Result:
    """Decide how far each candidate may be believed.

    Args:
        sets: reference sets; references of the tier `unverified` are the candidates.
        judgements: people's verdicts on candidates.
        settings: how.
        drawn: logs of the draws that judgements were made on.
        preferences: choices between candidates and originals.
        models: what features may ask; none by default.
        earlier: a gate that was certified before, applied in place of a new one.
        files: that were read, passed on.
        notes: passed on.
        watch: told what is going on.

    Raises:
        InputError: there is no candidate, or no judgement is on one.
        UsageError: an earlier gate and judgements, or a log that names texts which are no candidates.
    """
    return _Run(Pool.of(sets), settings, models or Models({}, {}), tuple(drawn), watch).result(
        judgements, preferences, earlier, tuple(files), tuple(notes)
    )


@dataclass
class _Run:
    """One run; `result` is all there is to ask."""

    pool: Pool
    settings: Settings
    models: Models
    drawn: tuple[Drawn, ...]
    watch: Callable[[str, int, int], None] | None

    def result(
        self,
        judgements: Sequence[Judgement],
        preferences: Sequence[Preference],
        earlier: Gate | None,
        files: tuple[InputFile, ...],
        notes: tuple[str, ...],
    ) -> Result:
        if earlier is not None and judgements:
            raise UsageError("--gate applies a gate as it is, --judgements makes a new one; give one of them")
        self._notes = list(notes) + self._of_pool()
        self._decided, told = judged_candidates(self.pool, judgements, self.settings)
        self._compared, more = compared(self.pool, preferences, self.settings)
        self._notes += told + more
        self._sampling = "no judgements"
        self._certificate: Certificate | None = None
        self._shift: Shift | None = None
        self._split: dict[str, int] = {}
        self._judged: Judged | None = None
        self._scores: Floats | None = None
        self._controls: tuple[Rejection, ...] = ()
        gate, refusal = self._apply(earlier) if earlier is not None else self._made()
        admit = self._admitted(gate if refusal is None else None)
        if gate is not None:
            self._controls = self._rejections(gate)
        if refusal is None and not admit.any():
            refusal = "no candidate that is not judged lies above the threshold"
        sets = self._with_tiers(gate, admit)
        return Result(
            sets=sets,
            gate=gate,
            certificate=self._certificate,
            refusal=refusal,
            counts=self._counts(admit),
            split=self._split,
            sampling=self._sampling,
            shift=self._shift,
            rejections=self._controls,
            origins=self._origins(gate, admit),
            decided=self._decided,
            compared=self._compared,
            guidelines=tuple(sorted({j.guideline for j in judgements})),
            notes=tuple(self._notes),
            files=files,
            settings=self.settings,
        )

    def _of_pool(self) -> list[str]:
        told = []
        if self.pool.bare:
            told.append(f"{self.pool.bare} candidates are of items without an accepted reference; they stay unverified")
        if self.pool.known:
            told.append(
                f"{self.pool.known} candidates equal an accepted reference of their item; they are left as they are"
            )
        return told

    def _made(self) -> tuple[Gate | None, str | None]:
        """A gate from judgements, and why it admits nothing."""
        if not self._decided:
            return None, "there are no judgements; geneval gate --next 100 draws the candidates to judge first"
        sample, reach, single, why = self._sample()
        learning = np.asarray([learns(item, self.settings.seed) for item in self.pool.items])
        train = self._to_learn_from(learning)
        test = sample.at(~learning[sample.row])
        self._split = {
            "learned_from": len(train),
            "learned_from_items": len(np.unique(self.pool.items[train.row])),
            "certified_on": len(test),
            "certified_on_items": len(np.unique(self.pool.items[test.row])),
        }
        try:
            table, model = self._fitted(train, learning)
        except InputError as error:
            return None, str(error)
        scores = self._scores = model.scores(table)
        self._judged = test
        if why is not None:
            reach, single = None, False
        items = self.pool.items
        found = certify(
            scores,
            items,
            test,
            self.settings.precision,
            alpha=self.settings.alpha,
            reach=None if reach is None else lambda _: float(reach),
            single=single,
        )
        self._certificate = found
        valid = float(np.average(test.valid, weights=test.weight)) if len(test) else 0.0
        best = found.best if why is None else None
        mean, deviation = mean_by_item(scores, items)
        gate = Gate(
            model=model,
            encoders={family: encoder.name for family, encoder in self.models.encoders.items()},
            entailment={family: one.name for family, one in self.models.entailment.items()},
            signatures=self._signatures(),
            threshold=None if best is None else best.threshold,
            precision=self.settings.precision,
            confidence=self.settings.confidence,
            low=found.low if best is not None else None,
            estimate=None if best is None else best.precision,
            valid=valid,
            mean=mean,
            error=deviation,
            pool=self.pool.hash,
        )
        self._shift = self._of_judged(gate, scores, test)
        void = None if best is None else self._void(gate, train, test)
        if void is not None:
            # What is written must not admit anything later, either.
            gate = replace(gate, threshold=None, low=None, estimate=None)
        return gate, why or void or (None if best is not None else self._uncertified(found))

    def _void(self, gate: Gate, train: Judged, test: Judged) -> str | None:
        """Why a bound that was found is none."""
        if self._shift is not None and self._shift.seen:
            return (
                "the judged candidates look unlike the pool (prior shift), so the bound is void; judge candidates that "
                "geneval gate --next draws from this pool"
            )
        if not self.settings.assume_random or self.drawn or len(self._decided) == len(self.pool.questions):
            return None
        said = "; they were hardly drawn at random, so the bound is void. Judge what geneval gate --next draws"
        labels = [self._decided[key_of(q.item, q.text)].label for q in (self.pool.questions[row] for row in test.row)]
        test = test.at(np.asarray([label is not None for label in labels], bool))
        learned, seen = float(train.valid.mean()), float(test.valid.mean())
        rows = np.concatenate([train.row, test.row])
        _, error = mean_by_item(np.concatenate([train.valid, test.valid]).astype(float), self.pool.items[rows])
        if abs(seen - learned) > _UNLIKELY * error * math.sqrt(len(rows) / len(train) + len(rows) / len(test)):
            return (
                f"{learned:.0%} of the judgements that the model learned from are valid, and {seen:.0%} of those to certify on, "
                f"which happens by chance less than once in 1,000 times{said}"
            )
        apart = math.hypot(gate.error, error * math.sqrt(len(rows) / len(test)))
        if abs(seen - gate.mean) > max(_GROSS, _UNLIKELY * apart):
            return (
                f"{seen:.0%} of the judged candidates are valid, and by the model {gate.mean:.0%} of the pool are{said}"
            )
        return None

    def _uncertified(self, found: Certificate) -> str:
        above = max((step.judged for step in found.steps), default=0)
        if above < found.begins:
            return (
                f"{above} judged candidates are left to certify on; {found.begins} above a threshold are the fewest to begin "
                "with. Judge more (geneval gate --next)"
            )
        return (
            f"no threshold has precision {self.settings.precision:g} with confidence {self.settings.confidence:g} on these "
            "judgements; the card tells how many more it would take, or ask for less"
        )

    def _sample(self) -> tuple[Judged, float | None, bool, str | None]:
        """Judged candidates with weights, their reach, whether an item has one at most, and why no bound is valid."""
        place = self.pool.place
        if self.drawn:
            return self._logged(place)
        rows = np.asarray(sorted(place[key] for key in self._decided), np.int64)
        judged = Judged(rows, self._valid(rows), np.ones(len(rows)))
        if len(rows) == len(place):
            self._sampling = "every candidate of the pool is judged"
            return judged, None, False, None
        counts = np.unique(self.pool.items[rows], return_counts=True)[1]
        if self.settings.assume_random:
            self._sampling = (
                "taken for a random sample of the pool, each candidate with one probability (--assume-random); no log "
                "says so"
            )
            return judged, float(counts.max()), False, None
        self._sampling = "unknown: judgements come without the log of a draw"
        return (
            judged,
            None,
            False,
            (
                "the judgements come without the log of a draw, so nobody knows how they were chosen, and no bound is valid. "
                "Hand in the log (--drawn), draw candidates with geneval gate --next, or, if each candidate had the same "
                "chance of being judged, say so (--assume-random)"
            ),
        )

    def _logged(self, place: Mapping[Key, int]) -> tuple[Judged, float | None, bool, str | None]:
        rows: list[int] = []
        weights: list[float] = []
        unjudged = 0
        for one in self.drawn:
            strange = [key for key in one.probability if key not in place]
            if strange:
                raise UsageError(
                    f"{one.name} has {len(strange)} texts that are no candidates here, such as {strange[0][1]!r} of item "
                    f"{strange[0][0]!r}; it is the log of another pool, or the pool has changed since"
                )
            for key, probability in one.probability.items():
                rows.append(place[key])
                weights.append(1 / probability)
                unjudged += key not in self._decided
        if len(set(rows)) < len(rows):
            raise UsageError("a candidate is in two logs; each draw leaves out what was drawn before")
        if unjudged:
            self._notes.append(
                f"{unjudged} of the {len(rows)} candidates that were drawn are not judged; each counts as not valid, for "
                "those that are left out are seldom left out at random"
            )
        seen = set(self._decided).union(*(one.probability for one in self.drawn))
        for one in self.drawn:
            check_drawn(one, self.pool, len(seen - one.probability.keys()))
        outside = len(set(self._decided) - {key for one in self.drawn for key in one.probability})
        if outside:
            self._notes.append(
                f"{outside} judged candidates are in no log: the model learns from them, nothing is certified on them"
            )
        self._sampling = f"drawn at random with logged probabilities: {len(rows)} in {len(self.drawn)} draw{'s' * (len(self.drawn) > 1)}"
        row = np.asarray(rows, np.int64)
        single = len(self.drawn) == 1 and self.drawn[0].limit == 1
        return Judged(row, self._valid(row), np.asarray(weights)), sum(map(self._reach, self.drawn)), single, None

    def _reach(self, one: Drawn) -> float:
        """The largest weight of an item in a draw; where its log does not say, all of an item may have been drawn."""
        if one.reach is not None:
            return one.reach
        most = int(np.unique(self.pool.items, return_counts=True)[1].max())
        return min(most, one.limit or most) / min(one.probability.values())

    def _valid(self, rows: npt.NDArray[np.int64]) -> Bools:
        questions = self.pool.questions
        found = [self._decided.get(key_of(questions[row].item, questions[row].text)) for row in rows]
        return np.asarray([one is not None and one.label == "valid" for one in found], bool)

    def _to_learn_from(self, learning: Bools) -> Judged:
        """All that people judged in the items to learn from, drawn or not; those that all skipped teach nothing."""
        place = self.pool.place
        rows = np.asarray([place[key] for key, one in self._decided.items() if one.label is not None], np.int64)
        rows = rows[learning[rows]] if len(rows) else rows
        return Judged(rows, self._valid(rows), np.ones(len(rows)))

    def _fitted(self, train: Judged, learning: Bools) -> tuple[Table, Model]:
        """Features of all candidates, and the model."""
        questions = self.pool.questions
        self._idf = rarity(questions)
        self._tell("looking at candidates", 0)
        everything = features(questions, self.models, self._idf)
        if strange := sorted(set(self.settings.without) - set(everything.families)):
            known = ", ".join(dict.fromkeys(everything.families))
            raise UsageError(f"--without {strange[0]!r}: no feature here is of this family; there are {known}")
        table = everything.without(self.settings.without)
        if not table.names:
            raise UsageError(f"--without {' --without '.join(self.settings.without)} leaves no feature")
        taught = {q.item for q, flag in zip(questions, learning, strict=True) if flag}
        wrong = [one for one in self._made_controls(taught) if one.kind in SURE]
        self._tell("looking at candidates", len(questions))
        return table, fit(
            Table(table.names, table.families, table.values[train.row]),
            train.valid,
            train.weight,
            self.pool.items[train.row],
            self._table_of(wrong) if wrong else None,
        )

    def _made_controls(self, items: set[str]) -> tuple[Control, ...]:
        accepted = {item: texts for item, texts in self.pool.accepted.items() if item in items}
        return controls(accepted, seed=self.settings.seed)

    def _table_of(self, wrong: Sequence[Control], without: Sequence[str] | None = None) -> Table:
        accepted = self.pool.accepted
        asked = [Question(one.item, one.text, accepted[one.item]) for one in wrong]
        found = features(asked, self.models, self._idf)
        return found.without(self.settings.without if without is None else without)

    def _rejections(self, gate: Gate) -> tuple[Rejection, ...]:
        """Of controls from items that the model has not learned from."""
        unseen = {item for item in self.pool.accepted if not learns(item, self.settings.seed)}
        made = self._made_controls(unseen)
        threshold = gate.threshold if gate.threshold is not None else self._likely_threshold()
        if not made or threshold is None:
            return ()
        table = self._table_of(made)
        kept = [table.names.index(name) for name in gate.model.names]
        scores = gate.model.scores(Table(gate.model.names, gate.model.families, table.values[:, kept]))
        return tuple(_rejection(kind, made, scores >= threshold) for kind in CONTROLS)

    def _likely_threshold(self) -> float | None:
        """Where nothing is certified: the loosest threshold whose estimate reaches the target, to see what it would admit."""
        steps = self._certificate.steps if self._certificate is not None else ()
        good = [step for step in steps if step.precision is not None and step.precision >= self.settings.precision]
        return good[-1].threshold if good else None

    def _signatures(self) -> dict[str, str]:
        models = {**self.models.encoders, **self.models.entailment}
        return {family: model.signature for family, model in models.items()}

    def _of_judged(self, gate: Gate, scores: Floats, test: Judged) -> Shift | None:
        """The judged candidates beside the pool, both as the model sees them."""
        if len(test) < 2:
            return None
        mean, error = mean_by_item(scores[test.row], self.pool.items[test.row])
        if self.drawn or len(test) == len(scores):
            # Probabilities are known, so the weighted mean stands for the pool.
            mean = float(np.average(scores[test.row], weights=test.weight))
        here = share_here(scores, gate.valid)
        implied = None if gate.estimate is None else implied_precision(gate.estimate, gate.valid, here)
        # They come from this pool: only what chance hardly does voids the bound, or one in twenty would be lost.
        return Shift(gate.valid, here, mean, gate.mean, math.hypot(error, gate.error), implied, _UNLIKELY)

    def _apply(self, gate: Gate) -> tuple[Gate, str | None]:
        """An earlier gate on this pool."""
        if self._signatures() != dict(gate.signatures):
            raise UsageError(
                f"the gate rests on {gate.signatures or 'no model'}, and here there is {self._signatures() or 'none'}; give "
                "it the same --encoder and --entailment"
            )
        self._sampling = "none here: an earlier gate is applied"
        self._idf = rarity(self.pool.questions)
        table = features(self.pool.questions, self.models, self._idf)
        table = table.without([family for family in set(table.families) if family not in gate.model.families])
        scores = self._scores = gate.model.scores(table)
        mean, error = mean_by_item(scores, self.pool.items)
        here = share_here(scores, gate.valid)
        implied = None if gate.estimate is None else implied_precision(gate.estimate, gate.valid, here)
        self._shift = Shift(gate.valid, here, gate.mean, mean, math.hypot(error, gate.error), implied)
        if gate.threshold is None:
            return gate, "this gate never certified anything"
        if gate.pool == self.pool.hash:
            return gate, None
        if self._shift.seen:
            found = (
                ""
                if implied is None or self._shift.saturated
                else f", an estimated {here:.0%} are here, which would make precision {implied:.2f}"
            )
            return gate, (
                f"this pool is unlike the one that the gate was certified on: {gate.valid:.0%} were valid there{found} (prior "
                "shift). The bound is void; judge candidates of this pool (geneval gate --next)"
            )
        self._notes.append(
            "the bound was certified on another pool; no shift is seen here, and it holds as far as this pool is drawn like "
            "that one"
        )
        return gate, None

    def _admitted(self, gate: Gate | None) -> Bools:
        """Candidates that the gate admits: not those that people judged, whatever they said."""
        admit = np.zeros(len(self.pool.questions), bool)
        if gate is None or gate.threshold is None or self._scores is None:
            return admit
        admit = self._scores >= gate.threshold
        place = self.pool.place
        for key, one in self._decided.items():
            # A right answer by too few votes may still pass as inferred; what people found wrong may not.
            if one.verified or one.label != "valid":
                admit[place[key]] = False
        for key, two in self._compared.items():
            if two.preferred:
                admit[place[key]] = False
        return admit

    def _with_tiers(self, gate: Gate | None, admit: Bools) -> tuple[ReferenceSet, ...]:
        place = self.pool.place

        def tiered(item: ReferenceSet, reference: Reference) -> Reference:
            key = key_of(item.id, reference.text)
            if reference.tier != "unverified" or key not in place:
                return reference
            one, two = self._decided.get(key), self._compared.get(key)
            if one is not None:
                reference = replace(reference, votes=dict(one.votes))
                if one.verified:
                    return replace(
                        reference,
                        tier="verified",
                        confidence=one.posterior["valid"] if one.posterior else None,
                        evidence={**(reference.evidence or {}), "rule": one.rule, "raters": ", ".join(one.raters)},
                    )
            if two is not None and self._prefers(key):
                rule = f"preferred to an original with a probability of at least {two.low:.2f}; margin {two.margin:g}"
                return replace(reference, tier="preferred", evidence={**(reference.evidence or {}), "rule": rule})
            if gate is not None and self._scores is not None and admit[place[key]]:
                evidence: dict[str, str | float] = {
                    "gate": gate.hash,
                    FAMILIES: ", ".join(gate.families),
                    "precision": gate.precision,
                }
                return replace(
                    reference,
                    tier="inferred",
                    confidence=float(self._scores[place[key]]),
                    evidence={**(reference.evidence or {}), **evidence},
                )
            return reference

        return tuple(
            replace(item, references=tuple(tiered(item, r) for r in item.references)) for item in self.pool.sets
        )

    def _prefers(self, key: Key) -> bool:
        """Whether a candidate becomes `preferred`: not what people verified, nor what they found not valid."""
        one = self._decided.get(key)
        return self._compared[key].preferred and (one is None or (one.label == "valid" and not one.verified))

    def _counts(self, admit: Bools) -> dict[str, int]:
        labels = [one.label for one in self._decided.values()]
        return {
            "candidates": len(self.pool.questions),
            "items": len(self.pool.accepted),
            "judged": len(labels),
            "judged_valid": labels.count("valid"),
            "judged_partly": labels.count("partly"),
            "judged_invalid": labels.count("invalid"),
            "skipped_by_all": labels.count(None),
            "verified": sum(one.verified for one in self._decided.values()),
            "preferred": sum(map(self._prefers, self._compared)),
            "inferred": int(admit.sum()),
        }

    def _origins(self, gate: Gate | None, admit: Bools) -> tuple[ByOrigin, ...]:
        if gate is None or self._scores is None:
            return ()
        kind = np.asarray(kinds(question.origin for question in self.pool.questions))
        found = []
        for name in sorted(set(kind.tolist())):
            precision, count = None, 0
            if self._judged is not None and gate.threshold is not None:
                above = self._judged.at(
                    (kind[self._judged.row] == name) & (self._scores[self._judged.row] >= gate.threshold)
                )
                count = len(above)
                precision = float(np.average(above.valid, weights=above.weight)) if count else None
            found.append(ByOrigin(name, count, precision, int(admit[kind == name].sum())))
        return tuple(found)

    def _tell(self, what: str, done: int) -> None:
        if self.watch is not None:
            self.watch(what, done, len(self.pool.questions))


def _rejection(kind: str, made: Sequence[Control], admitted: Bools) -> Rejection:
    mine = [place for place, one in enumerate(made) if one.kind == kind]
    passed = [made[place].text for place in mine if admitted[place]]
    n = len(mine)
    low, high = wilson_interval((n - len(passed)) / n, n, 0.95) if n else (None, None)
    return Rejection(kind, n - len(passed), n, low, high, _SEES[kind] if passed else "", passed[0] if passed else None)
