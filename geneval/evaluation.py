"""One evaluation run: outputs against reference sets, by several scorers, with intervals.

Data is gone through block by block: once to see what is there and to learn from references, once to score. What is
found out about a block is kept, in memory or in files; scores and intervals are made of all of it together.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from geneval.answering import Scored, questions
from geneval.blocks import KEEP, Block, Readable, blocks
from geneval.circularity import admitting, circularity
from geneval.parts import DIGEST, InFolder, InMemory, Parts
from geneval.results import Result, Score
from geneval.scoring import FEW_ITEMS, Joined, Scoring
from geneval.segments import Column
from geneval.selection import Census, selected
from geneval.settings import Settings
from geneval.specs import parse
from geneval_references import GateError, UsageError
from geneval_scorers import Corpus, FitState, Learner, Scorer, Watch, guarded

__all__ = ["FEW_ITEMS", "Settings", "asking", "evaluate"]

_LONG = ("encoding", "reading pairs", "asking", "aligning", "parsing")
"""Beginnings of what models and other programs say they are at."""


def evaluate(
    inputs: Readable,
    scorers: Sequence[Scorer | str],
    settings: Settings | None = None,
    *,
    fitted: Iterable[FitState] = (),
    watch: Watch | None = None,
    keep: InFolder | None = None,
) -> Result:
    """Scores all outputs with all scorers.

    Args:
        inputs: outputs and reference sets, as `geneval.data` reads them.
        scorers: scorers or specs.
        settings: how; defaults of `Settings` where not given.
        fitted: state that an earlier run has saved, used in place of fitting on these references.
        watch: told about progress.
        keep: where finished blocks are kept, and those of an interrupted run of the same kind are found.

    Raises:
        UsageError: no scorer, one scorer twice, or fitted state that no scorer takes.
        MissingDependencyError: what a scorer runs is not installed.
        GateError: `strict`, and a scorer is of a family that admitted references.
    """
    chosen = settings or Settings()
    with asking(inputs, scorers, chosen, fitted=fitted, watch=watch, keep=keep) as (scoring, ready):
        scoring.warn_about_comparisons()
        scores: list[Score] = []
        bands: list[Score] = []
        columns: list[Column] = []
        for asked in questions(ready, chosen):
            answers = scoring.joined.answers(asked)
            scores += scoring.scores(answers)
            columns.append(scoring.joined.column(answers))
            scoring.warn_about_answers(answers)
            scoring.warn_about_sets(asked.scorer)
            scoring.warn_about_texts(asked.scorer)
            if chosen.band and asked.role == "outputs":
                bands.append(scoring.band(scoring.joined.answers(replace(asked, role="band"))))
        return Result(
            scores=tuple(scores),
            bands=tuple(bands),
            warnings=tuple(scoring.warnings),
            segments=scoring.joined.segments(columns),
            fitted=tuple(s.state for s in ready if s.state is not None),
            reference_hash=scoring.joined.reference_hash,
            files=inputs.files,
            settings=chosen,
            notes=inputs.notes,
            reading=inputs.reading,
        )


@contextmanager
def asking(
    inputs: Readable,
    scorers: Sequence[Scorer | str],
    settings: Settings,
    *,
    fitted: Iterable[FitState] = (),
    watch: Watch | None = None,
    keep: InFolder | None = None,
) -> Iterator[tuple[Scoring, list[Scorer]]]:
    """Asks every scorer about every output, and makes no scores of it; arguments as in `evaluate`.

    Yields:
        What all blocks have in common, which gives the answers one question at a time while the block is open; and the
        scorers, fitted.
    """
    with ExitStack() as stack:
        run = _Run(inputs, prepared(scorers), settings, tuple(fitted), watch, stack, keep)
        yield run.scoring(), run.scorers


def prepared(scorers: Sequence[Scorer | str]) -> list[Scorer]:
    """Scorers of specs, each once, with what they need at hand.

    Raises:
        UsageError: no scorer, or one scorer twice.
        MissingDependencyError: what a scorer runs is not installed.
    """
    chosen = [parse(s) if isinstance(s, str) else s for s in scorers]
    if not chosen:
        raise UsageError("no scorer was given; `geneval scorers` lists what there is")
    names = Counter(scorer.label for scorer in chosen)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise UsageError(f"scorer {twice[0]} is given twice; a column needs a name of its own")
    for scorer in chosen:
        with guarded(scorer):
            scorer.prepare()
    return chosen


@dataclass
class _Run:
    """Goes through the data twice; `scorers` have then learned, and every block is kept."""

    inputs: Readable
    scorers: list[Scorer]
    settings: Settings
    handed: tuple[FitState, ...]
    watch: Watch | None
    stack: ExitStack
    keep: InFolder | None = None

    def __post_init__(self) -> None:
        self._blocks = list(blocks(self.inputs.each())) if self.inputs.in_memory else None
        known = self._blocks or ()
        self._small = bool(known) and sum(block.characters for block in known) <= KEEP
        self._ready: dict[int, Scored] = {}
        self._admitting: set[str] = set()
        """Families of models that admitted references which count."""

    def scoring(self) -> Scoring:
        """What all blocks say."""
        self._take_states()
        census = self._look()
        parts = self._parts(census)
        self._score(census, parts)
        missing = Counter(system for system, _ in self.inputs.missing_outputs)
        found = Scoring(Joined(parts, census, self.settings), missing)
        found.warnings += circularity(self._admitting, self.scorers)
        return found

    def _take_states(self) -> None:
        """Gives scorers what was handed in, and what they learned before an interruption."""
        used: set[str] = set()
        kept = self.keep.states() if self.keep is not None else ()
        for number, scorer in enumerate(self.scorers):
            mine = [state for state in self.handed if scorer.needs_fit and state.kind == scorer.name]
            state = next((state for state in mine if scorer.takes(state)), mine[0] if mine else None)
            if state is not None:
                used.add(state.hash)
            elif scorer.needs_fit:
                state = next((s for s in kept if s.kind == scorer.name and scorer.takes(s)), None)
            if state is not None:
                self.scorers[number] = scorer.with_state(state)
        left = [state.kind for state in self.handed if state.hash not in used]
        if left:
            raise UsageError(
                f"fitted state of {', '.join(left)} was handed in, but no scorer of this run takes it; hand in only what "
                "this run needs: single files of a run's fitted/ folder"
            )

    def _look(self) -> Census:
        """Goes through all blocks, counts what is there, and lets scorers learn."""
        census = Census(self.settings)
        learners = dict(self._learners())
        for block in self._each():
            scored = self._interned(block) if learners and self._small else None
            if scored:
                self._ready[block.number] = scored
            items = scored.items if scored else selected(block.items, self.settings)
            census.add(block, items)
            self._admitting |= admitting(items)
            if learners:
                corpus = scored.fit_corpus if scored else Corpus(block.items)
                for number, learner in learners.items():
                    with guarded(self.scorers[number]):
                        learner.add(corpus)
            self._tell("looking at references", len(census.ids))
        census.warnings()  # Without a reference that counts there is nothing to learn from.
        census.reference_hash()
        if self.settings.strict and (told := circularity(self._admitting, self.scorers)):
            raise GateError(f"--strict: {told[0]}")
        for number, learner in learners.items():
            with guarded(self.scorers[number]):
                self.scorers[number] = learner.done()
            state = self.scorers[number].state
            if self.keep is not None and state is not None:
                self.keep.keep_state(state)
        return census

    def _learners(self) -> Iterator[tuple[int, Learner[Scorer]]]:
        for number, scorer in enumerate(self.scorers):
            with guarded(scorer):
                learner = scorer.learner() if scorer.needs_fit else None
            if learner is not None:
                yield number, learner

    def _score(self, census: Census, parts: Parts) -> None:
        """Goes through all blocks and asks every scorer about those that are not done."""
        count = 0
        for block in self._each():
            digest = block.digest()
            if not parts.has(block.number, digest):
                scored = self._ready.pop(block.number, None) or self._interned(block)
                part = scored.part(self.scorers, census.systems)
                parts.put(block.number, part | {DIGEST: np.frombuffer(digest.encode(), np.uint8)})
                del scored, part
            count += 1
            self._tell("scoring", block.first + len(block.items))
        parts.end(count)

    def _interned(self, block: Block) -> Scored:
        """A block ready to be asked about."""
        one = self._blocks is not None and len(self._blocks) == 1
        return Scored(block, self.settings, self.watch if one else self._within_a_block)

    def _within_a_block(self, what: str, done: int, total: int) -> None:
        """Tells of models and other programs, which take most of the time; the questions are counted over all blocks."""
        if self.watch is not None and what.startswith(_LONG):
            self.watch(what, done, total)

    def _parts(self, census: Census) -> Parts:
        if self.keep is not None:
            return self.keep
        if census.blocks == 1:
            return InMemory()
        return InFolder(Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="geneval-"))))

    def _each(self) -> Iterator[Block]:
        return iter(self._blocks) if self._blocks is not None else blocks(self.inputs.each())

    def _tell(self, what: str, done: int) -> None:
        if self.watch is not None:
            self.watch(what, done, self.inputs.count)
