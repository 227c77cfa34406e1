"""One expansion: every expander over all items, a few at a time, and then one pass that merges and writes.

What was proposed is kept on the way by what it was proposed for. Interrupted, the same command goes on from there; with
other options or other files it uses what fits and proposes the rest.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from geneval.data import ReferenceStream, write_references
from geneval.data._write import check_place
from geneval.expanding._journal import Journal, key_of
from geneval.expanding._results import Expansion, Grown
from geneval.expanding._tools import Tools
from geneval.results import versions
from geneval.run_directory import locked
from geneval_references import GenevalError, InputError, ReferenceHash, ReferenceSet, UsageError, counting
from geneval_references.expanders import Candidate, Expander, Merging, Proposer, merge, parse_expander, trusted
from geneval_scorers import Watch

DEFAULT_SEED = 12345
RECIPE = ".recipe.json"
"""Stands behind the name of what was written: the file with its recipe."""

_READ = 256
"""So many items are merged together."""


def expand(
    references: Sequence[str],
    expanders: Sequence[str | Expander],
    output: str | Path,
    *,
    seed: int = DEFAULT_SEED,
    per_item: int = 25,
    near: float = 95.0,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
    fresh: bool = False,
    watch: Watch | None = None,
) -> Expansion:
    """Add candidates to reference sets: `unverified` ones, which count in no score until somebody says so.

    The references that are there stay as they are, in their order; candidates come behind them, with who proposed them
    and what they were made from. Done again with the result, it adds nothing. Beside the output stands its recipe.

    Args:
        references: files of reference sets, `datasets` folders, Hub names or `-`.
        expanders: specs such as `phrase_table(n=2)`, or expanders.
        output: a new `.jsonl` (`.gz`, `.zst`) or `.parquet` file, or a folder.
        seed: of whatever is random.
        per_item: so many unverified candidates of one origin an item has at most.
        near: from this likeness on (0 to 100) two texts are one; above 100 only equal ones are.
        columns: which column to use, `{"references": "captions"}`.
        format: as in `read_references`.
        fresh: forget what an interrupted expansion has proposed.
        watch: hears what is going on, how much is done, and how much there is.

    Raises:
        UsageError: an expander, an option or a format does not exist, or the place is taken.
        InputError: the data is malformed, or has no references to begin with.
        MissingDependencyError: a package or a model is missing.
        GenevalError: another process writes there, a model failed, or writing did.
    """
    if not expanders:
        raise UsageError("nothing to expand with; name an expander, for example phrase_table")
    if per_item < 1:
        raise UsageError(f"per_item={per_item} does not fit; allowed: 1 or more")
    if not near >= 0:
        raise UsageError(f"near={near} does not fit; allowed: 0 or more")
    chosen = [parse_expander(one) if isinstance(one, str) else one for one in expanders]
    if twice := [one for one, count in Counter(map(repr, chosen)).items() if count > 1]:
        raise UsageError(f"{twice[0]} is there twice; name every expander once")
    target, rules = Path(output), Merging(near, per_item)
    with _workplace(target, fresh=fresh) as partial, Tools(watch) as tools:
        stream = ReferenceStream(references, columns=columns, format=format, watch=watch)
        opened = [one.open(tools) for one in chosen]
        with _journal(partial) as journal:
            for number, (one, proposer) in enumerate(zip(chosen, opened, strict=True), 1):
                told = _numbered(watch, f"{one.name} ({number} of {len(chosen)})")
                _propose(stream, one, proposer, journal, seed=seed, told=told)
            grown = _Growing(stream, opened, journal, seed, rules, watch)
            recipe = partial / RECIPE
            recipe.unlink(missing_ok=True)
            done = _expansion(target, grown, chosen, seed, rules)
            done = replace(done, notes=(*done.notes, *tools.notes))
            recipe.write_text(json.dumps(done.to_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            write_references(grown, target)
        _finish(target, partial)
    return done


def _propose(
    stream: ReferenceStream,
    expander: Expander,
    proposer: Proposer,
    journal: Journal,
    *,
    seed: int,
    told: Callable[[int, int], None],
) -> None:
    """Has an expander propose for all items that the journal does not know."""
    signature, done = proposer.signature, 0
    for block in _blocks(stream, proposer.batch):
        given = [trusted(item) for item in block]
        keys = [key_of(item, signature, seed) for item in given]
        known = journal.holds(keys)
        new = {key: item for key, item in zip(keys, given, strict=True) if key not in known}
        if new:
            found = proposer.propose(list(new.values()), seed)
            _check(expander, found, len(new))
            journal.write(dict(zip(new, found, strict=True)))
        done += len(block)
        told(done, stream.count)


def _numbered(watch: Watch | None, what: str) -> Callable[[int, int], None]:
    """Tells how far one expander is."""
    return lambda done, total: None if watch is None else watch(what, done, total)


def _blocks(stream: ReferenceStream, count: int) -> Iterator[tuple[ReferenceSet, ...]]:
    items = iter(stream)
    while block := tuple(islice(items, count)):
        yield block


def _check(expander: Expander, found: Sequence[Sequence[Candidate]], count: int) -> None:
    if len(found) != count:
        raise GenevalError(f"{expander.label} proposed for {len(found)} items, and was asked about {count}")
    for one in (one for own in found for one in own):
        if not isinstance(one, Candidate) or one.tier == "original":
            raise GenevalError(f"{expander.label} proposed {one!r}; candidates are due, and no `original` ones")


@dataclass
class _Growing:
    """The reference sets with what joined them; gone through, it counts anew."""

    stream: ReferenceStream
    proposers: Sequence[Proposer]
    journal: Journal
    seed: int
    rules: Merging
    watch: Watch | None
    counts: list[Counter[str]] = field(default_factory=list)
    added: Counter[str] = field(default_factory=Counter)
    references: int = 0

    def __iter__(self) -> Iterator[ReferenceSet]:
        """Every item, as it is to be written."""
        self.counts, self.added, self.references = [Counter() for _ in self.proposers], Counter(), 0
        signatures = [proposer.signature for proposer in self.proposers]
        done = 0
        for block in _blocks(self.stream, _READ):
            given = [trusted(item) for item in block]
            keys = [[key_of(item, signature, self.seed) for item in given] for signature in signatures]
            found = [self.journal.read(own) for own in keys]
            for place, item in enumerate(block):
                yield self._grown(item, [held[own[place]] for held, own in zip(found, keys, strict=True)])
            done += len(block)
            if self.watch is not None:
                self.watch("merging", done, self.stream.count)

    def _grown(self, item: ReferenceSet, found: list[list[Candidate]]) -> ReferenceSet:
        before = len(item.references)
        self.references += before
        # What systems wrote joins first, wherever its expander was named: no text of another origin hides it.
        for outputs in (True, False):
            for counts, candidates in zip(self.counts, found, strict=True):
                joining = [one for one in candidates if one.origin.startswith("output:") is outputs]
                try:
                    merged = merge(item, joining, self.rules)
                except InputError as error:
                    raise InputError(f"item {item.id!r}: {error}") from error
                item = merged.item
                counts.update(merged.counts)
        self.added.update(reference.tier for reference in item.references[before:])
        return item


def _expansion(target: Path, grown: _Growing, chosen: Sequence[Expander], seed: int, rules: Merging) -> Expansion:
    """Goes through it all once, before it is written, so that the recipe can stand beside it from the first moment."""
    before, after = ReferenceHash(), ReferenceHash()
    for item in grown.stream:
        before.add(counting([item]))
    for item in grown:
        after.add(counting([item]))
    counted = after.hexdigest()
    return Expansion(
        output=target.name,
        items=grown.stream.count,
        references=grown.references,
        added=dict(grown.added),
        grown=tuple(
            Grown.of(one.label, proposer.signature, counts)
            for one, proposer, counts in zip(chosen, grown.proposers, grown.counts, strict=True)
        ),
        seed=seed,
        near=rules.near,
        per_item=rules.per_item,
        reference_hash=counted,
        unchanged=counted == before.hexdigest(),
        inputs={file.name: file.sha256 for file in grown.stream.files},
        versions=versions(),
        notes=grown.stream.notes,
    )


@contextmanager
def _workplace(target: Path, *, fresh: bool) -> Iterator[Path]:
    """The folder beside the output in which an expansion keeps what is done; gone when the output is whole."""
    partial = target.with_name(target.name + ".partial")
    if target.exists() and (partial / RECIPE).is_file():
        _finish(target, partial)  # all was done but for clearing away
    check_place(target)
    guard = locked(target, partial)
    try:
        if fresh:
            for path in partial.glob("candidates.*"):
                path.unlink()
        yield partial
    except BaseException as error:
        if _anything(partial):
            if not isinstance(error, UsageError):
                error.add_note(f"{partial} keeps what is done: the same command goes on from there")
        else:
            shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        guard.release()


def _anything(partial: Path) -> bool:
    """Whether there is something to go on from."""
    try:
        with Journal.opened(partial) as journal:
            return journal.count > 0
    except (sqlite3.Error, OSError):
        return False


@contextmanager
def _journal(partial: Path) -> Iterator[Journal]:
    try:
        with Journal.opened(partial) as journal:
            yield journal
    except sqlite3.Error as error:
        raise GenevalError(
            f"what was proposed cannot be kept in {partial}: {error}; is the disk full? --fresh starts again"
        ) from error


def _finish(target: Path, partial: Path) -> None:
    """Puts the recipe beside the output, and clears away."""
    (partial / RECIPE).replace(target.with_name(target.name + RECIPE))
    shutil.rmtree(partial)
