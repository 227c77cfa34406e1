"""Metrics that need no judgements: what is right is told by labels or texts of queries and of the whole gallery.

Plausible match: Chun et al. 2021, "Probabilistic Embeddings for Cross-Modal Retrieval" (PCME). Proxies: Wray et al. 2021,
"On Semantic Similarity in Video Retrieval"; a random order scores high under these, so that it is subtracted.
Both take likeness for validity, and are wrong about it at times: label matching calls 35-43 % wrong pairs right on COCO.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from geneval_references import InputError, ReferenceSet, UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers.ranking._judgements import Judgements
from geneval_scorers.ranking._lists import BLOCK, Ranked
from geneval_scorers.ranking._metrics import Metric, metric, ordinals
from geneval_scorers.ranking._tagging import load_tagger, tagged, tagger_version

LABELS = "labels"
"""The part of a description that plausible matches compare."""

MOST_PAIRS = 2_000_000
"""METEOR looks at so many pairs of texts at most: some minutes."""

_CLOSED = frozenset(
    """
    a about above across after against all along also although am among an and another any are around as at be
    because been before behind being below beneath beside between beyond both but by can could did do does doing
    down during each either every few for from had has have having he her here hers him his how i if in inside
    into is it its itself just may me might more most much must my near neither no nor not of off on once one
    onto or other our out outside over own same she should since so some such than that the their them then
    there these they this those through to too toward towards under until up upon us very was we were what when
    where which while who whom whose why will with within without would you your
    """.split()  # noqa: SIM905 - a list would take a line a word
)
"""Closed-class words of English: what `bow` leaves out."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

_TAG = "; give them, or have texts tagged: proxy(kind='pos', words='spacy')"
_LOOK_UP = "; WordNet does not come with geneval: write the synsets that it finds for verbs and nouns into the file"
_HINTS = {"verbs": _TAG, "nouns": _TAG, "verb_synsets": _LOOK_UP, "noun_synsets": _LOOK_UP}
_PARTS = {"pos": ("verbs", "nouns"), "synset": ("verb_synsets", "noun_synsets")}


@dataclass(frozen=True, slots=True)
class Described:
    """What a query or an item is like.

    Attributes:
        text: its text, where it has one.
        parts: sets of labels by name: `labels`, `verbs`, `nouns`, `verb_synsets`, `noun_synsets`.
    """

    text: str | None = None
    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Descriptions:
    """Of queries, and of the gallery: all its items, in lists or not.

    Attributes:
        queries, items: by id.
    """

    queries: Mapping[str, Described]
    items: Mapping[str, Described]

    @property
    def hash(self) -> str:
        """sha256 over the content, the same on every machine and in whatever order it came."""
        digest = hashlib.sha256()
        for side in (self.queries, self.items):
            for id_, one in sorted(side.items(), key=lambda entry: entry[0]):
                parts = sorted((name, sorted(labels)) for name, labels in one.parts.items())
                digest.update(json.dumps([id_, one.text, parts]).encode())
            digest.update(b"|")
        return digest.hexdigest()


Likeness = Callable[[Sequence[Described], Sequence[Described]], Floats]
"""How alike some queries and all items are, [queries, items]."""


@dataclass(frozen=True, repr=False)
class SideMetric(Metric):
    """A metric of labels or texts; a query's row is NaN where nothing in the gallery is like it."""

    def rows(self, ranked: Ranked, judgements: Judgements, about: Descriptions) -> Floats:
        """Statistics of every query, [Q, columns], computed some queries at a time.

        Raises:
            InputError: a query or a listed item is not described.
        """
        raise NotImplementedError


@metric(
    "pm_r_precision", "share among the first R of items whose labels match, R being how many do", "Chun et al. 2021"
)
@dataclass(frozen=True, repr=False)
class PmRPrecision(SideMetric):
    """Plausible-match R-Precision: right is what differs from the query in at most zeta labels.

    Attributes:
        zeta: how many labels may be in one of the two sets only; `mean`: the mean of 0, 1 and 2, as in PCME's code. ECCV
            Caption's text says 0, its files hold 2: numbers of different papers are not comparable.
    """

    zeta: Literal[0, 1, 2, "mean"] = "mean"

    def rows(self, ranked: Ranked, judgements: Judgements, about: Descriptions) -> Floats:
        """R-Precision summed over the zetas under which anything is right, and how many these are."""
        zetas = (0, 1, 2) if self.zeta == "mean" else (self.zeta,)
        out = np.full((len(judgements.queries), 2), np.nan)
        for block in _blocks(ranked, judgements, about, _differing):
            gained = [block.r_precision(block.likeness <= zeta) for zeta in zetas]
            found = np.asarray([r for r, _ in gained]), np.asarray([some for _, some in gained])
            row = np.stack([found[0].sum(axis=0), found[1].sum(axis=0)], axis=1)
            out[block.queries] = np.where(row[:, 1:] > 0, row, np.nan)
        return out

    def segment(self, rows: Floats) -> Floats:  # type: ignore[override] # its rows are floats
        """The mean over zetas, 0 to 1."""
        return np.asarray(rows[:, 0] / rows[:, 1])

    def finish(self, sums: Floats, weight: Floats) -> Floats:
        """The mean over queries and zetas."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(sums[..., 0] / sums[..., 1])


@metric(
    "proxy", "nDCG where likeness of texts stands for grades, less that of a random order", "Wray et al. 2021", low=None
)
@dataclass(frozen=True, repr=False)
class Proxy(SideMetric):
    """(s - s_random) / (1 - s_random): s is nDCG over the first k_q places, k_q items being like the query at all.

    s_random is what a random order of the gallery scores on average, in closed form. 0 is chance, 1 the best order.

    Attributes:
        kind: `bow`: shared words over all words, closed-class words left out; `pos`: the mean of that over verbs and over
            nouns; `synset`: the same of synsets, which descriptions give as `verb_synsets` and `noun_synsets`; `meteor`: METEOR 1.5 with the query's text as reference (coco, Java).
        corrected: subtract the random order; False gives the number of Wray et al.
        words: where `pos` has them from: `given`, descriptions have `verbs` and `nouns`; `spacy`, texts are tagged (ling).
    """

    kind: Literal["bow", "pos", "synset", "meteor"] = "bow"
    corrected: bool = True
    words: Literal["given", "spacy"] = "given"

    def __post_init__(self) -> None:
        if self.words == "spacy" and self.kind != "pos":
            raise UsageError(f"proxy: words='spacy' is about kind='pos', not kind={self.kind!r}; leave it out")

    def recipe(self) -> dict[str, str]:
        """How texts become words, and what METEOR runs."""
        if self.words == "spacy":
            return {"tagger": tagger_version()}
        if self.kind == "bow":
            return {"words": f"lower-case,closed-class:{len(_CLOSED)}"}
        return _meteor().recipe() if self.kind == "meteor" else {}

    def prepare(self) -> None:
        """As `Scorer` says."""
        if self.kind == "meteor":
            _meteor().prepare()
        if self.words == "spacy":
            load_tagger()

    def rows(self, ranked: Ranked, judgements: Judgements, about: Descriptions) -> Floats:
        """NDCG, and that of a random order."""
        if self.kind == "meteor" and len(judgements.queries) * len(about.items) > MOST_PAIRS:
            raise UsageError(
                f"{self.label}: {len(judgements.queries)} queries x {len(about.items)} items are more pairs than METEOR "
                f"can look at ({MOST_PAIRS}); take proxy(kind='bow'), or fewer queries and items"
            )
        out = np.full((len(judgements.queries), 2), np.nan)
        for block in _blocks(ranked, judgements, about, self._likeness):
            out[block.queries] = block.ndcg()
        return out

    def segment(self, rows: Floats) -> Floats:  # type: ignore[override] # its rows are floats
        """Of each query by itself."""
        return self.finish(rows, np.ones(len(rows)))

    def finish(self, sums: Floats, weight: Floats) -> Floats:
        """Of the means: below 0 is worse than a random order."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = sums / weight[..., None]
            if not self.corrected:
                return np.asarray(mean[..., 0])
            return np.asarray((mean[..., 0] - mean[..., 1]) / (1.0 - mean[..., 1]))

    def _likeness(self, queries: Sequence[Described], items: Sequence[Described]) -> Floats:
        if self.kind == "meteor":
            return _meteor_scores(_texts(queries), _texts(items))
        if self.kind == "bow":
            return _iou([words(text) for text in _texts(queries)], [words(text) for text in _texts(items)])
        shares = [_iou(self._part(queries, part), self._part(items, part)) for part in _PARTS[self.kind]]
        return np.asarray(np.mean(shares, axis=0))

    def _part(self, described: Sequence[Described], part: str) -> list[frozenset[str]]:
        return tagged(tuple(_texts(described)))[part] if self.words == "spacy" else _part(described, part)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Some queries, how alike each is to every item of its gallery, and what the system listed.

    Attributes:
        queries: their numbers.
        likeness: [queries, items].
        inside: [queries, items], whether the item is in the query's gallery.
        listed: [listed items]: (row, column) of each, and its rank.
    """

    queries: Ints
    likeness: Floats
    inside: Bools
    listed: tuple[Ints, Ints, Ints]

    def r_precision(self, right: Bools) -> tuple[Floats, Ints]:
        """R-Precision, 0 where nothing is right, and whether anything is, [queries]."""
        right = right & self.inside
        most = right.sum(axis=1)
        row, column, rank = self.listed
        hits = np.bincount(row, right[row, column] & (rank <= most[row]), len(most))
        return hits / np.maximum(most, 1), (most > 0).astype(np.int64)

    def ndcg(self) -> Floats:
        """NDCG over as many places as items are like the query, and that of a random order, [queries, 2]."""
        grade = np.where(self.inside, self.likeness, 0.0)
        most = (grade > 0).sum(axis=1)
        discount = 1.0 / np.log2(np.arange(grade.shape[1]) + 2.0)
        best = -np.sort(-grade, axis=1) @ discount  # what is not alike adds nothing
        row, column, rank = self.listed
        gains = grade[row, column] * discount[rank - 1] * (rank <= most[row])
        share = grade.sum(axis=1) / np.maximum(self.inside.sum(axis=1), 1)
        chance = share * np.concatenate([[0.0], np.cumsum(discount)])[most]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.stack([np.bincount(row, gains, len(most)) / best, chance / best], axis=1)


def _blocks(ranked: Ranked, judgements: Judgements, about: Descriptions, likeness: Likeness) -> Iterator[_Block]:
    ids, items = judgements.queries.names, list(about.items.values())
    _check_described("query", ids, about.queries)
    column = np.full(len(judgements.items) + len(items), -1, np.int64)
    numbers = np.asarray([judgements.items.add(item) for item in about.items], np.int64)
    column[numbers] = np.arange(len(items))
    step = max(1, BLOCK // max(len(items), 1))
    for start in range(0, len(ids), step):
        queries = np.arange(start, min(start + step, len(ids)))
        lists = ranked.ordered(judgements, queries)
        where = column[lists.values]
        if (where < 0).any():
            _check_described("item", [judgements.items.names[i] for i in lists.values[where < 0][:1]], about.items)
        inside = np.ones((len(queries), len(items)), bool)
        out = judgements.left_out.take(queries)
        known = column[out.values] >= 0
        inside[out.rows[known], column[out.values[known]]] = False
        alike = likeness([about.queries[id_] for id_ in ids[start : start + step]], items)
        yield _Block(queries, alike, inside, (lists.rows, where, ordinals(lists)))


def _check_described(what: str, ids: Sequence[str], known: Mapping[str, Described]) -> None:
    missing = [id_ for id_ in ids if id_ not in known]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(ids)} {what} ids have no description, the first is {missing[0]!r}; metrics of labels "
            "and texts need one for every query and every item of the gallery"
            if what == "query"
            else f"item {missing[0]!r} is listed and has no description; the descriptions are those of the whole gallery"
        )


@lru_cache(maxsize=1 << 17)  # the gallery is asked for with every few queries
def words(text: str) -> frozenset[str]:
    """The words of a text in lower case, without closed-class words.

    Examples:
        >>> sorted(words("A dog is on the dog-bed."))
        ['bed', 'dog']
    """
    return frozenset(_WORD.findall(text.lower())) - _CLOSED


def _texts(described: Sequence[Described]) -> list[str]:
    texts = [one.text for one in described]
    if None in texts:
        raise InputError(
            f"{texts.count(None)} descriptions have no text, which this proxy compares; give each a 'text'"
        )
    return [text for text in texts if text is not None]


def _part(described: Sequence[Described], part: str) -> list[frozenset[str]]:
    lacking = sum(part not in one.parts for one in described)
    if lacking:
        how = "labels" if part == LABELS else f"labels: {{{part!r}: [...]}}"
        hint = _HINTS.get(part, "")
        raise InputError(f"{lacking} descriptions have no {how}, which this metric compares{hint}")
    return [one.parts[part] for one in described]


def _differing(queries: Sequence[Described], items: Sequence[Described]) -> Floats:
    """In how many labels they differ."""
    shared, mine, theirs = _shared(_part(queries, LABELS), _part(items, LABELS))
    return np.asarray(mine[:, None] + theirs - 2 * shared)


def _iou(queries: Sequence[frozenset[str]], items: Sequence[frozenset[str]]) -> Floats:
    """Shared over all, 0 where there is none."""
    shared, mine, theirs = _shared(queries, items)
    return np.asarray(shared / np.maximum(mine[:, None] + theirs - shared, 1.0))


def _shared(queries: Sequence[frozenset[str]], items: Sequence[frozenset[str]]) -> tuple[Floats, Floats, Floats]:
    """How many members both sets have, [queries, items], and the sets' sizes."""
    index: dict[str, int] = {}
    mine, theirs = (_indicators(sets, index) for sets in (queries, items))
    width = max(len(index), 1)
    shared = _sparse(mine, width, len(queries)) @ _sparse(theirs, width, len(items)).T
    sizes = [np.asarray([len(one) for one in sets], np.float64) for sets in (queries, items)]
    return np.asarray(shared.toarray(), np.float64), sizes[0], sizes[1]


def _indicators(sets: Sequence[frozenset[str]], index: dict[str, int]) -> tuple[list[int], list[int]]:
    rows = [row for row, one in enumerate(sets) for _ in one]
    return rows, [index.setdefault(member, len(index)) for one in sets for member in one]


def _sparse(members: tuple[list[int], list[int]], width: int, count: int) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(members[0])), members), shape=(count, width))


def _meteor() -> Any:
    from geneval_scorers.java.meteor import Meteor

    return Meteor()


def _meteor_scores(queries: list[str], items: list[str]) -> Floats:
    scorer = _meteor()
    corpus = Corpus([ReferenceSet("0")], extra=[*queries, *items])
    candidates = np.asarray([corpus.index(text) for text in items], np.int64)
    references = np.asarray([corpus.index(text) for text in queries], np.int64)
    rows = scorer.pair_rows(corpus, np.tile(candidates, len(references)), np.repeat(references, len(candidates)))
    return np.asarray(scorer.segment(rows).reshape(len(references), len(candidates)))
