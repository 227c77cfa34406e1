"""People's order of systems by Bradley-Terry, from choices, or from grades turned to choices within items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from geneval.agreement._correlations import Floats
from geneval.agreement._people import criteria_of
from geneval.data import Preference, choices_of
from geneval.underestimation._known import Known
from geneval_references import GenevalError
from geneval_scorers.preference import BradleyTerry, Comparisons, Ranking

_SHOWN = ("system", "worth", "log_worth", "low", "high", "rank_low", "rank_high", "wins", "losses", "ties", "reason")


@dataclass(frozen=True, eq=False)
class Worths:
    """A fit.

    Attributes:
        votes: people's choices.
        ranking: fitted; ties are half a win for each side.
        made: where the choices come from.
    """

    votes: Comparisons
    ranking: Ranking
    made: str

    def to_dict(self) -> dict[str, object]:
        """For JSON; best first, log-worths with their mean at 0."""
        items = self.votes.items
        return {
            "rule": f"{self.made}; a tie is half a win for each side; intervals over items",
            "items": len(items.names) if items else None,
            "comparisons": self.ranking.comparisons,
            "worths": [
                {name: value for name, value in asdict(w).items() if name in _SHOWN} for w in self.ranking.worths
            ],
            "signature": self.ranking.signature,
            "warnings": list(self.ranking.warnings),
        }

    @property
    def identified(self) -> list[str]:
        """Systems with a worth, best first."""
        return [row.system for row in self.ranking.worths if row.identified]

    def drawn(self, times: Floats, ids: Sequence[str]) -> Floats:
        """Log-worths of `identified` with items counted so many times, [draws, systems]: one Newton step from the fit.

        Args:
            times: [draws, items], of mean 1 for each draw.
            ids: the items' names.
        """
        names, votes = self.identified, self.votes
        log = np.asarray([self.ranking.worth(name).log_worth for name in names], np.float64)
        place = np.full(len(votes.systems), -1, np.int64)
        place[[votes.systems.index(name) for name in names]] = np.arange(len(names))
        kept = np.flatnonzero((place[votes.a] >= 0) & (place[votes.b] >= 0))
        a, b, weight = place[votes.a[kept]], place[votes.b[kept]], votes.weight[kept]
        won = np.asarray([1.0, 0.0, 0.5])[votes.outcome[kept]]
        expected = 1.0 / (1.0 + np.exp(log[b] - log[a]))
        if votes.items is None:
            raise RuntimeError("choices are of items")
        row = {name: number for number, name in enumerate(ids)}
        item = np.asarray([row[name] for name in votes.items.names], np.int64)[votes.items.of[kept]]
        score = np.zeros((len(ids), len(names)))
        np.add.at(score, (item, a), weight * (won - expected))
        np.add.at(score, (item, b), -weight * (won - expected))
        information = np.zeros((len(names), len(names)))
        np.add.at(information, (a, b), -weight * expected * (1 - expected))
        information += information.T
        information -= np.diag(information.sum(axis=1))
        return np.asarray(log + times @ (score @ np.linalg.pinv(information)))


def worths_of(known: Known) -> Worths | str:
    """Fits people's choices on the cleaned data; a sentence where there is no fit."""
    rows, made = _choices(known)
    if not rows:
        return "nobody compared two systems' outputs for one item"
    model = BradleyTerry(ties="half", confidence=known.plan.confidence, seed=known.plan.seed)
    try:
        votes = Comparisons.of_choices(rows)
        return Worths(votes, model.fit(votes), made)
    except GenevalError as error:
        return str(error)


def _choices(known: Known) -> tuple[list[Preference], str]:
    """Of outputs that the report is about."""
    said, evidence, outputs = known.said, known.evidence, known.outputs
    ids, systems = outputs.corpus.ids, outputs.systems
    there = {(ids[i], systems[s]) for i, s in zip(evidence.item.tolist(), evidence.system.tolist(), strict=True)}
    if evidence.kind == "ratings" and said.of_ratings is not None:
        criterion = said.of_ratings
        mine = [r for r in said.ratings if r.criterion == criterion.name and (r.id, r.system) in there]
        return list(choices_of(mine, lower=criterion.lower)[0]), "of two outputs that one person graded the better wins"
    asked = (said.criterion,) if said.criterion else ()
    criterion = criteria_of(said.preferences, asked, "preferences")[0]
    rows = [row for row in said.preferences if row.criterion == criterion.name and row.winner != "skip"]
    return [r for r in rows if (r.id, r.a) in there and (r.id, r.b) in there], "people's choices"
