"""SPICE by the jar in pycocoevalcap, made safe (Anderson et al. 2016); it needs parsers that have to be fetched by hand.

The jar reads and writes files. pycocoevalcap puts them, and a cache that all runs share, beside its code, and fetches
the parsers over an unchecked connection when it is first used. Here they are in a folder of the call's own, which goes
with it, and nothing is fetched.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import numpy as np

from geneval_references import MissingDependencyError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Scorer, Statistics
from geneval_scorers.java._packaged import find_packaged
from geneval_scorers.java._process import JavaError, find_java, java_timeout, java_version, run_java
from geneval_scorers.ngram._tokens import Tokenizing, strings

JAR = Path("spice", "spice-1.0.jar")
CORENLP = "stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar"
ARCHIVE = "stanford-corenlp-full-2015-12-09.zip"
FOLDER_VARIABLE = "GENEVAL_CORENLP"
OLDEST_JAVA, NEWEST_JAVA = 8, 14
"""The jar writes its results with the JavaScript engine that Java 15 took out."""

Question = tuple[str, tuple[str, ...]]
"""A text and its references."""

_SECONDS, _SECONDS_PER_TEXT = 300.0, 2.0
_JAVA_SECONDS = 30.0
_MOST_TALK = 1 << 20


@scorer("spice")
@dataclass(frozen=True, repr=False)
class Spice(Tokenizing, Scorer):
    """SPICE, 0 to 1: F1 of the facts (objects, attributes, relations) in the text and in all references together.

    Attributes:
        tokenizer: `ptb` is COCO's; the parser gets its tokens.
    """

    info: ClassVar[Info] = Info(
        summary="SPICE: F1 of objects, attributes and relations, against all references together",
        scale=(0, 1),
        direction="higher",
        kind="pool",
        monotone=False,
        identical="1 where the parser finds a fact in it",
        source="Anderson et al. 2016 (pycocoevalcap)",
        needs="coco, Java 8 to 14, Stanford CoreNLP 3.6.0",
        licence="AGPL-3.0; GPL-3.0 for CoreNLP",
    )

    tokenizer: str = "ptb"

    def prepare(self) -> None:
        """Finds the tokeniser, the jars and a Java that can run them."""
        super().prepare()
        SceneGraphs.find()

    def recipe(self) -> dict[str, str]:
        """The versions that decide the facts."""
        return super().recipe() | {"spice": "1.0", "corenlp": "3.6.0", "pycocoevalcap": version("pycocoevalcap")}

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[F1]; each question is asked once."""
        words = strings(corpus, self.tokenizer)
        candidates = queries.single_candidates(self.name).tolist()
        asked = [
            (words[text], tuple(words[r] for r in queries.references.row(i).tolist()))
            for i, text in enumerate(candidates)
        ]
        known: dict[Question, float] = corpus.derive(("spice", self.tokenizer), dict)
        new = [question for question in dict.fromkeys(asked) if question not in known]
        corpus.watch("parsing (SPICE)", 0, len(new))
        known |= zip(new, SceneGraphs.find().scores(new), strict=True)
        return Statistics(np.asarray([known[question] for question in asked], np.float64).reshape(-1, 1))


@dataclass(frozen=True)
class SceneGraphs:
    """The jars, and the Java that runs them."""

    java: str
    jars: tuple[str, ...]

    @classmethod
    def find(cls) -> SceneGraphs:
        """Returns the jars and the Java of this machine.

        Raises:
            MissingDependencyError: one of them is not there, or the Java is not one that can run them.
        """
        jar = find_packaged(JAR, "spice")
        own = sorted(path for path in (jar.parent / "lib").glob("*.jar") if path.name not in CORENLP)
        java = find_java("spice")
        jars = (jar, *own, *find_corenlp(jar.parent / "lib"))
        _check_version(java)
        return cls(java, tuple(map(str, jars)))

    def scores(self, questions: Sequence[Question]) -> list[float]:
        """The F1 of each (text, references); NaN where the jar has none.

        Raises:
            JavaError: Java hangs (GENEVAL_JAVA_TIMEOUT sets the seconds), fails, or answers anything but the scores.
        """
        if not questions:
            return []
        rows = [{"image_id": i, "test": text, "refs": list(row)} for i, (text, row) in enumerate(questions)]
        texts = sum(1 + len(row) for _, row in questions)
        with TemporaryDirectory(prefix="geneval-spice-", ignore_cleanup_errors=True) as folder:
            asked, answered = Path(folder, "asked.json"), Path(folder, "answered.json")
            asked.write_text(json.dumps(rows), "ascii")
            said = run_java(
                self._command(folder, asked, answered),
                b"",
                what="SPICE (Java)",
                timeout=java_timeout(_SECONDS + _SECONDS_PER_TEXT * texts),
                max_output=_MOST_TALK,
            )
            written = answered.read_text("utf-8", "replace") if answered.is_file() else ""
        found = _scores(written, len(rows))
        if found is None:
            told = written or said.decode("utf-8", "replace")
            raise JavaError(
                f"SPICE (Java) answered {len(rows)} questions with something else than their scores, beginning "
                f"{told[:60]!r}; is {self.java} a Java?"
            )
        return found

    def _command(self, folder: str, asked: Path, answered: Path) -> list[str]:
        options = ["-Duser.language=en", "-Duser.country=US", "-Dfile.encoding=UTF-8", f"-Djava.io.tmpdir={folder}"]
        program = ["-Xmx8G", "-cp", os.pathsep.join(self.jars), "edu.anu.spice.SpiceScorer"]
        # No cache: what it keeps lies in a database of native code, which not every machine can load.
        return [self.java, *options, *program, str(asked), "-out", str(answered), "-silent"]


def find_corenlp(packaged: Path) -> tuple[Path, ...]:
    """Returns the two jars of Stanford CoreNLP 3.6.0, from the folder of GENEVAL_CORENLP or beside SPICE's own.

    Args:
        packaged: where pycocoevalcap's own download puts them.

    Raises:
        MissingDependencyError: they are not there; it tells what to fetch, and where to put it.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) if named else packaged
    found = tuple(folder / name for name in CORENLP)
    lacking = [path.name for path in found if not path.is_file()]
    if lacking:
        where = f"the folder of {FOLDER_VARIABLE}, {named}, has" if named else "pycocoevalcap brings"
        raise MissingDependencyError(
            f"spice needs Stanford CoreNLP 3.6.0, of which {where} no {' and no '.join(lacking)}: download {ARCHIVE} "
            "(pycocoevalcap's spice/get_stanford_models.py has its address), take "
            f"{' and '.join(CORENLP)} out of it, put both into one folder, and set {FOLDER_VARIABLE} to that folder"
        )
    return found


def _check_version(java: str) -> None:
    said = java_version(java, java_timeout(_JAVA_SECONDS))
    number = re.search(r'version "(?:1\.)?(\d+)', said)
    if number is None or not OLDEST_JAVA <= int(number[1]) <= NEWEST_JAVA:
        is_ = f"is Java {number[1]}" if number else f"answers `java -version` with {said[:80]!r}"
        raise MissingDependencyError(
            f"spice needs Java {OLDEST_JAVA} to {NEWEST_JAVA}, and {java} {is_}: install such a one, for example Java 11, "
            "and set JAVA_HOME to its folder"
        )


def _scores(written: str, count: int) -> list[float] | None:
    """The scores in the jar's answer, None where it is anything else."""
    try:
        rows = json.loads(written)
        places = [row["image_id"] for row in rows]
        values = [row["scores"]["All"]["f"] for row in rows]
        found = [float("nan") if value is None else float(value) for value in values]
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    fine = places == list(range(count)) and not any(value < 0 or value > 1 for value in found)
    return found if fine else None
