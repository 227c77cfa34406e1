"""Substitutions from a table of paraphrases: a small one in METEOR's form, and the rules for any."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from geneval.expanding import _phrases
from geneval.expanding._phrases import MeteorPhrases
from geneval_references import MissingDependencyError, Reference, ReferenceSet, UsageError
from geneval_references.expanders import parse_expander
from geneval_references.expanders.phrase_table import Substitution, phrases_of, substituted

# (probability, phrase, paraphrase), a phrase's entries together, as in paraphrase-en.gz.
ENTRIES = [
    (0.2, "dog", "hound"),
    (0.3, "dog", "animal"),
    (1.5, "dog", "no probability"),
    (0.4, "dog", "the dog"),
    (0.4, "dog", "50 dogs"),
    (0.4, "of the", "from the"),
    (0.01, "street", "alley"),
    (0.25, "street", "avenue"),
    (0.5, "down the street", "along the road"),
    *((0.1, "walks", f"strolls {'very ' * n}far") for n in range(30)),
]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MeteorPhrases]:
    file = tmp_path / "table.gz"
    file.write_bytes(gzip.compress("".join(f"{p}\n{a}\n{b}\n" for p, a, b in ENTRIES).encode()))
    monkeypatch.setattr(_phrases, "find_packaged", lambda *_: file)
    monkeypatch.setenv("GENEVAL_CACHE", str(tmp_path / "cache"))
    with closing(MeteorPhrases("meteor", "phrase_table")) as found:
        yield found


def test_the_index_holds_what_the_table_says(table: MeteorPhrases) -> None:
    """Most probable first, no more than so many, and what is above 1 is no probability."""
    dog, unknown, walks = table.paraphrases(["dog", "nothing", "walks"])
    assert dog == [("50 dogs", 0.4), ("the dog", 0.4), ("animal", 0.3), ("hound", 0.2)]
    assert unknown == []
    assert len(walks) == _phrases.MOST


def test_the_index_is_built_once_and_never_half(table: MeteorPhrases, tmp_path: Path) -> None:
    """What a killed process left behind passes for nothing; the second one to ask finds the first one's."""
    cache = tmp_path / "cache"
    cache.mkdir()
    name = f"phrases-{table.signature.partition('sha256:')[2][:16]}-1"
    (cache / f"{name}.partial").write_bytes(b"half of an index")
    assert table.paraphrases(["street"])[0][0] == ("avenue", 0.25)
    (index,) = cache.glob("*.sqlite3")
    written = index.stat().st_mtime_ns
    with closing(MeteorPhrases("meteor", "phrase_table")) as again:
        assert again.paraphrases(["street"]) == table.paraphrases(["street"])
    assert index.stat().st_mtime_ns == written


def test_several_processes_share_one_index(table: MeteorPhrases, tmp_path: Path) -> None:
    """Started together, all of them read the same index, whoever builds it."""
    code = (
        "import sys; from pathlib import Path; from geneval.expanding import _phrases\n"
        f"_phrases.find_packaged = lambda *_: Path({str(tmp_path / 'table.gz')!r})\n"
        "table = _phrases.MeteorPhrases('meteor', 'x'); print(table.paraphrases(['dog', 'street'])); table.close()"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {run.communicate()[0] for run in runs}
    assert said == {f"{table.paraphrases(['dog', 'street'])}\n"}
    with closing(sqlite3.connect(next((tmp_path / "cache").glob("*.sqlite3")))) as database:
        assert database.execute("SELECT COUNT(*) FROM phrases").fetchone() == (5,)


def test_without_a_cache_nothing_is_left(table: MeteorPhrases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GENEVAL_CACHE=off keeps the index for the process alone."""
    monkeypatch.setenv("GENEVAL_CACHE", "off")
    assert table.paraphrases(["dog"])[0]
    assert not (tmp_path / "cache").exists()


class HereTools:
    """The table, and nothing else."""

    def __init__(self, table: MeteorPhrases) -> None:
        self._table = table

    def phrases(self, name: str, needed_by: str) -> MeteorPhrases:
        return self._table


def proposed(table: MeteorPhrases, spec: str, *texts: str, id_: str = "1", seed: int = 0) -> list[str]:
    proposer = parse_expander(spec).open(HereTools(table))
    (found,) = proposer.propose([ReferenceSet(id_, tuple(map(Reference, texts)))], seed)
    return [candidate.text for candidate in found]


def test_one_phrase_stands_in_for_another(table: MeteorPhrases) -> None:
    """Every candidate differs in one place, and tells which, by what, and how probable that is."""
    proposer = parse_expander("phrase_table(n=9)").open(HereTools(table))
    (found,) = proposer.propose([ReferenceSet("1", (Reference("A dog down the street."),))], 0)
    assert [(c.text, c.evidence) for c in found] == [
        ("A dog along the road.", {"replaced": "down the street", "by": "along the road", "probability": 0.5}),
        ("An animal down the street.", {"replaced": "dog", "by": "animal", "probability": 0.3}),
        ("A dog down the avenue.", {"replaced": "street", "by": "avenue", "probability": 0.25}),
        ("A hound down the street.", {"replaced": "dog", "by": "hound", "probability": 0.2}),
    ]
    assert {(c.origin, c.parent, c.proposers, c.tier) for c in found} == {
        ("phrase-table:meteor-1.5-en", "A dog down the street.", ("phrase_table(n=9)",), "unverified")
    }


def test_the_least_probability_holds(table: MeteorPhrases) -> None:
    """Below it nothing is substituted."""
    assert proposed(table, "phrase_table(n=9, least=0.28)", "dog street") == ["animal street"]
    assert "dog alley" in proposed(table, "phrase_table(n=9, least=0.0)", "dog street")


def test_the_draw_hangs_on_seed_item_and_text_alone(table: MeteorPhrases) -> None:
    """Whatever else is in the batch: the same item, the same candidates; with another seed, others."""
    proposer = parse_expander("phrase_table(n=2)").open(HereTools(table))
    items = [ReferenceSet(str(n), (Reference("a dog walks down the street"),)) for n in range(8)]
    together = proposer.propose(items, 0)
    assert [proposer.propose([one], 0)[0] for one in items] == together
    assert proposer.propose(items[::-1], 0) == together[::-1]
    assert proposer.propose(items, 1) != together
    assert len({tuple(c.text for c in own) for own in together}) > 1


# A text, what replaces which of its phrases, and the result.
SUBSTITUTED = [
    ("Dogs run", "Dogs", "hounds", "Hounds run"),
    ("a dog", "dog", "animal", "an animal"),
    ("an animal", "animal", "dog", "a dog"),
    ("An animal", "animal", "dog", "A dog"),
    ("banana dog", "dog", "animal", "banana animal"),
    ("the dog, big", "dog", "hound", "the hound, big"),
]


@pytest.mark.parametrize(("text", "phrase", "by", "result"), SUBSTITUTED)
def test_a_substitution_fits_its_place(text: str, phrase: str, by: str, result: str) -> None:
    """Capital letters and articles follow."""
    start = text.index(phrase)
    assert substituted(text, Substitution(start, start + len(phrase), by, 0.5)) == result


def test_phrases_are_runs_of_words_with_meaning() -> None:
    """Not across punctuation, and not of function words alone; numbers are no words."""
    found = [phrase for _, _, phrase in phrases_of("The Dog, of the 2 cats")]
    assert found == ["the dog", "dog", "cats"]


def test_other_tables_and_a_missing_one_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what is allowed, or what to install."""
    with pytest.raises(UsageError, match="allowed: 'meteor'"):
        MeteorPhrases("mine", "phrase_table")
    monkeypatch.setattr("geneval_scorers.java._packaged.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'geneval-text\[coco\]'"):
        MeteorPhrases("meteor", "phrase_table")
