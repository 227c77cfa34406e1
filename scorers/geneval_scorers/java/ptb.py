"""The PTB tokens of COCO captions: Stanford's PTBTokenizer through the jar in pycocoevalcap, made safe.

pycocoevalcap hands all captions to Java as the lines of one file and takes the lines of the answer in order. A caption
that holds a separator other than a line feed then shifts every later caption by one, silently. The tokeniser also
looks beyond the end of a line ("fig." before a line that begins with a number loses its period), so a caption's tokens
depend on its neighbour. Here separators become spaces first, and a fixed line stands after each text: a text's tokens
are its own, and an answer in which one of those lines is missing or moved is an error.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from geneval_scorers.java._packaged import find_packaged
from geneval_scorers.java._process import JavaError, find_java, java_timeout, run_java

_JAR = Path("tokenizer", "stanford-corenlp-3.4.1.jar")

JAR_SHA256 = "2fcb91bb7a111f93d71e264f4ee0e3afd19ba0dde6d21b38605088df9e940399"
"""Of the jar in pycocoevalcap 1.2, which the published numbers come from."""

# pycocoevalcap's PUNCTUATIONS. It compares them with lower-cased tokens, so that "-lrb-" stays in its captions, and here.
_DROPPED = frozenset(
    ["''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";"]
)

_SEPARATORS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_GUARD = "The |"
"""The line after each text: it begins as captions do, and no token of Stanford's reaches over a `|`."""
_GUARD_TOKENS = "the |"

_SECONDS, _SECONDS_PER_TEXT = 60.0, 0.002
_OUTPUT_PER_INPUT = 16
"""More bytes of output for each byte of input than any text gives; `(` gives the most, as `-LRB-` and a space."""


@dataclass(frozen=True)
class PTBTokenizer:
    """Lower-cased Penn Treebank tokens without punctuation, as pycocoevalcap's metrics count them; the judge of `ptb`.

    Java is started once a call, so call it once with all distinct texts. Characters that Stanford's tokeniser does not
    know, emoji among them, are dropped. Brackets stay, as `-lrb-`, and `(555) 123-4567` is one token with a no-break
    space inside, all as in pycocoevalcap.
    """

    java: str
    jar: str
    signature: str
    name: ClassVar[str] = "ptb-java"

    @classmethod
    def find(cls) -> "PTBTokenizer":
        """Return the tokeniser for the jar and the Java of this machine.

        Raises:
            MissingDependencyError: pycocoevalcap or Java is not there.
        """
        jar = find_jar()
        return cls(find_java("ptb-java"), str(jar), f"ptb:pycocoevalcap-{version('pycocoevalcap')}")

    def __call__(self, texts: Sequence[str], /) -> list[str]:
        """Return the tokens of each text.

        Raises:
            JavaError: Java hangs (GENEVAL_JAVA_TIMEOUT sets the seconds), fails, or answers anything but the tokens.
        """
        lines = [_SEPARATORS.sub(" ", text).strip() for text in texts]
        answers = iter(self._ask([line for line in lines if line]))
        return [_without_punctuation(next(answers)) if line else "" for line in lines]

    def _ask(self, lines: list[str]) -> list[str]:
        if not lines:
            return []
        sent = "".join(f"{line}\n{_GUARD}\n" for line in lines).encode("utf-8", "replace")
        received = run_java(
            self._command(),
            sent,
            what="the PTB tokenizer (Java)",
            timeout=java_timeout(_SECONDS + _SECONDS_PER_TEXT * len(lines)),
            max_output=_OUTPUT_PER_INPUT * len(sent),
        )
        answer = received.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        if len(answer) != 2 * len(lines) + 1 or set(answer[1::2]) != {_GUARD_TOKENS}:
            raise JavaError(
                f"the PTB tokenizer (Java) answered {len(lines)} texts with something else than their tokens, "
                f"beginning {answer[0][:60]!r}; is {self.java} a Java?"
            )
        return answer[:-1:2]

    def _command(self) -> list[str]:
        # Lower-casing follows the locale of the JVM: a Turkish one would turn "I" into a dotless i.
        options = ["-Duser.language=en", "-Duser.country=US", "-Dfile.encoding=UTF-8", "-cp", self.jar]
        return [self.java, *options, "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase"]


def find_jar() -> Path:
    """Return the jar of Stanford's tokeniser.

    Raises:
        MissingDependencyError: pycocoevalcap is not there.
    """
    return find_packaged(_JAR, "ptb-java")


def _without_punctuation(line: str) -> str:
    return " ".join(token for token in line.rstrip().split(" ") if token not in _DROPPED)
