"""METEOR 1.5 for English, by the jar in pycocoevalcap, made safe (Denkowski and Lavie 2014).

pycocoevalcap asks the jar about one output after the other, and waits each time. A line feed in a text, or the `|||` that
parts texts, then makes every later score wrong, or hangs. Here each text is cleaned and normalised once, each pair of
texts is a question of its own, thousands of them are on their way at a time, and a question with a known answer follows
them: what is not answered pair by pair is an error. The jar answers with counts of words and matches; the formula is
computed here, from counts that add up over outputs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Rows
from geneval_scorers.java._packaged import find_packaged
from geneval_scorers.java._process import JavaError, find_java, java_timeout, run_java
from geneval_scorers.java._session import ask_lines
from geneval_scorers.ngram._tokens import Tokenizing, strings

JAR, PARAPHRASES = Path("meteor", "meteor-1.5.jar"), Path("meteor", "data", "paraphrase-en.gz")
SHA256 = {
    JAR: "1e57b4c72c0830ebe68558f1c799a624e96cbc1b6045c9f6330e26dcff6eafc2",
    PARAPHRASES: "c147ac7d2c91f2fbb3ad31e4b352235061eb83145e0434daf217ee9ca5975f48",
}
"""Of the files in pycocoevalcap 1.2, which published numbers come from."""

_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.2, 0.6, 0.75
"""The jar's parameters for English, from rankings of WMT 2009-2012 (its task `rank`)."""
_WEIGHTS = 1.0, 0.6, 0.8, 0.6
"""Of exact, stem, synonym and paraphrase matches."""

_COLUMNS, _CHUNKS = 23, 20
"""What the jar tells of a pair, and which of it is the number of chunks."""

_SEPARATORS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_PLAIN = re.compile(r"[0-9A-Za-z ]*")
"""Texts that the jar's normaliser leaves as they are: it is about other characters only."""

# The words match in each of the four ways, one only once it is lower-cased as English is, and one is beyond ASCII.
_GUARD = b"SCORE ||| the title \xc3\xa9 cat , children because of hounds ||| The TITLE \xc3\xa9 cats , kids due to dogs"
_GUARD_COUNTS = 9, 9, 3, 3, 2, 2, 2, 2, 1, 1, 0, 0, 2, 2, 0, 0, 1, 1, 1, 1, 1, 9, 9
_ODD_GUARD, _ODD_GUARD_ANSWER = "Don't |||| stop, \u00e9.", "Don 't | | | | stop , \u00e9 ."

_SILENCE = 120.0
"""Seconds; reading the paraphrases takes up to 20, a pair of long texts a few."""
_SECONDS, _SECONDS_PER_TEXT, _OUTPUT_PER_INPUT = 60.0, 0.002, 16


@scorer("meteor")
@dataclass(frozen=True, repr=False)
class Meteor(Tokenizing, PairScorer):
    """METEOR 1.5 for English, 0 to 1: matched words, stems, synonyms and paraphrases; the best reference counts.

    The corpus score adds the counts of each output's best reference; where two references tie, the first one given is
    taken, as the jar does, so that the order of references can show in a corpus score.

    Attributes:
        tokenizer: `ptb` is COCO's; `none` leaves tokens to the jar's own normaliser, which sees every text anyway.
    """

    info: ClassVar[Info] = Info(
        summary="METEOR 1.5: matched words, stems, synonyms and paraphrases, best reference",
        scale=(0, 1),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="1 (0 where it has no token)",
        source="Denkowski and Lavie 2014 (pycocoevalcap)",
        needs="coco, Java",
        licence="LGPL-2.1",
        mean=False,
        order_free=False,
    )

    tokenizer: str = "ptb"

    @property
    def longest(self) -> int:
        """10,000 characters; aligning two texts of that length takes seconds, and grows with its square."""
        return 10_000

    def prepare(self) -> None:
        """Finds the tokeniser, the jar and Java."""
        super().prepare()
        Aligner.find()

    def recipe(self) -> dict[str, str]:
        """The versions that decide the matches."""
        return super().recipe() | {"meteor": "1.5", "pycocoevalcap": version("pycocoevalcap")}

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """What the jar counts; see `_score`. Asked once for each two different texts of the corpus."""
        known = corpus.derive(("meteor", self.tokenizer), lambda: _Known(strings(corpus, self.tokenizer)))
        corpus.watch("aligning (METEOR)", 0, len(texts))
        return known.counts(texts, references)

    def segment(self, rows: Rows) -> Floats:
        """METEOR of single outputs."""
        return _score(np.asarray(rows, np.float64))

    def finish(self, sums: Floats, weight: Floats) -> Floats:
        """METEOR of summed counts."""
        return np.where(weight > 0, _score(sums), np.nan)


def _score(counts: Floats) -> Floats:
    """METEOR of counts, [..., 23] -> [...], step by step as the jar's `computeMetrics` has it.

    The counts: words of the text and of the reference, function words of both; for each kind of match the content words
    matched in both, then the function words; chunks, 0 where all is matched in one; words matched in both.
    """
    sides = []
    for side in (0, 1):
        weighted = np.zeros(counts.shape[:-1])
        for kind, weight in enumerate(_WEIGHTS):
            weighted = weighted + counts[..., 4 + 4 * kind + side] * weight * _DELTA
        for kind, weight in enumerate(_WEIGHTS):
            weighted = weighted + counts[..., 6 + 4 * kind + side] * weight * (1 - _DELTA)
        length = _DELTA * (counts[..., side] - counts[..., 2 + side]) + (1 - _DELTA) * counts[..., 2 + side]
        sides.append((weighted, length))
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = (weighted / length for weighted, length in sides)
        mean = 1 / ((1 - _ALPHA) / precision + _ALPHA / recall)
        fragmentation = counts[..., _CHUNKS] / ((counts[..., 21] + counts[..., 22]) / 2)
        score = mean * (1 - _GAMMA * fragmentation**_BETA)
    return np.where(np.isnan(counts[..., 0]), np.nan, np.maximum(np.nan_to_num(score, nan=0.0), 0.0))


def additive(counts: Rows) -> Rows:
    """Counts with 0 chunks where all is matched in one chunk: [pairs, 23].

    The jar leaves these out when it adds up, and takes no notice of them in a single score. Without them it adds up.
    """
    matched = np.stack([counts[:, 4:20:2].sum(axis=1), counts[:, 5:20:2].sum(axis=1)], axis=1)
    whole = (matched == counts[:, :2]).all(axis=1) & (counts[:, _CHUNKS] == 1)
    out = counts.copy()
    out[whole, _CHUNKS] = 0
    return out


class _Known:
    """What has been asked about the texts of a corpus."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._aligner = Aligner.find()
        numbers: dict[str, int] = {}
        self._number = np.asarray([numbers.setdefault(text, len(numbers)) for text in self._aligner.normalised(texts)])
        self._texts = [text.encode() for text in numbers]
        self._place: dict[int, int] = {}
        self._rows = np.zeros((0, _COLUMNS), np.int64)

    def counts(self, texts: Ints, references: Ints) -> Rows:
        """One row a pair; asks about those that are new."""
        keys = (self._number[texts] * len(self._texts) + self._number[references]).tolist()
        new = [key for key in dict.fromkeys(keys) if key not in self._place]
        if new:
            pairs = [divmod(key, len(self._texts)) for key in new]
            rows = self._aligner.align([(self._texts[t], self._texts[r]) for t, r in pairs])
            self._place |= {key: len(self._rows) + i for i, key in enumerate(new)}
            self._rows = np.concatenate([self._rows, rows])
        return self._rows[[self._place[key] for key in keys]]


@dataclass(frozen=True)
class Aligner:
    """The jar, and the Java that runs it."""

    java: str
    jar: str
    paraphrases: str

    @classmethod
    def find(cls) -> Aligner:
        """Returns the jar and the Java of this machine.

        Raises:
            MissingDependencyError: pycocoevalcap or Java is not there.
        """
        jar, paraphrases = (str(find_packaged(file, "meteor")) for file in (JAR, PARAPHRASES))
        return cls(find_java("meteor"), jar, paraphrases)

    def normalised(self, texts: Sequence[str]) -> list[str]:
        """Every text as the jar's normaliser writes it, in UTF-8's alphabet and on one line.

        Raises:
            JavaError: Java hangs (GENEVAL_JAVA_TIMEOUT sets the seconds), fails, or answers anything else.
        """
        lines = [_SEPARATORS.sub(" ", text).strip().encode("utf-8", "replace").decode() for text in texts]
        odd = list(dict.fromkeys(line for line in lines if not _PLAIN.fullmatch(line)))
        known = dict(zip(odd, self._normalise(odd), strict=True))
        return [known.get(line, line) for line in lines]

    def _normalise(self, lines: list[str]) -> list[str]:
        if not lines:
            return []
        sent = "".join(f"{line}\n" for line in [*lines, _ODD_GUARD]).encode()
        received = run_java(
            [*self._options("-Xmx512M"), "-cp", self.jar, "edu.cmu.meteor.util.Normalizer", "en", "true"],
            sent,
            what="METEOR's normalizer (Java)",
            timeout=java_timeout(_SECONDS + _SECONDS_PER_TEXT * len(lines)),
            max_output=_OUTPUT_PER_INPUT * len(sent),
        )
        *answers, guard, end = ["", *received.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")]
        if (
            guard != _ODD_GUARD_ANSWER
            or end
            or len(answers) != len(lines) + 1
            or any("|||" in text for text in answers)
        ):
            raise JavaError(
                f"METEOR's normalizer (Java) answered {len(lines)} texts with something else than these texts, beginning "
                f"{received[:60].decode('utf-8', 'replace')!r}; is {self.java} a Java, and {self.jar} METEOR 1.5?"
            )
        return answers[1:]

    def align(self, pairs: Sequence[tuple[bytes, bytes]]) -> Rows:
        """What the jar counts of each (text, reference), made `additive`: [pairs, 23].

        Raises:
            JavaError: Java is silent for too long (GENEVAL_JAVA_TIMEOUT sets the seconds), dies, or answers anything else.
        """
        command = [
            *self._options("-Xmx2G"),
            "-jar",
            self.jar,
            "-",
            "-",
            "-stdio",
            "-l",
            "en",
            "-lower",
            "-a",
            self.paraphrases,
        ]
        lines = [b"SCORE ||| %b ||| %b" % (reference, text) for text, reference in pairs]
        answers = ask_lines(command, [*lines, _GUARD], what="METEOR (Java)", silence=java_timeout(_SILENCE))
        rows = _counts(answers)
        if rows is None or tuple(rows[-1]) != _GUARD_COUNTS:
            raise JavaError(
                f"METEOR (Java) answered {len(pairs)} pairs with something else than their counts, beginning "
                f"{bytes(answers[0][:60]).decode('utf-8', 'replace')!r}; is {self.java} a Java, and {self.jar} METEOR 1.5?"
            )
        return additive(rows[:-1])

    def _options(self, memory: str) -> list[str]:
        # Lower-casing follows the locale of the JVM: a Turkish one would turn "I" into a dotless i.
        locale = ["-Duser.language=en", "-Duser.country=US", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"]
        # Half the memory, and no file of counters that a killed JVM would leave behind.
        return [self.java, *locale, "-XX:+UseSerialGC", "-XX:-UsePerfData", memory]


def _counts(answers: Sequence[bytes]) -> Rows | None:
    """Whole numbers, [answers, 23]; None where an answer is anything else."""
    try:
        rows = np.asarray([answer.split() for answer in answers]).astype(np.float64)
    except ValueError:
        return None
    fine = rows.shape[1:] == (_COLUMNS,) and bool(
        np.isfinite(rows).all() and (rows >= 0).all() and (rows % 1 == 0).all()
    )
    return rows.astype(np.int64) if fine else None
