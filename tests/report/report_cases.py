"""Reports to draw: of simulated texts, with sections of the agreed shapes, and of texts that attack the reader."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from geneval.data import Judgement, Preference, Rating, inputs_from_lists
from geneval.underestimation import Estimate, ReportPlan, find_underestimation
from geneval_references import Reference, ReferenceSet
from geneval_scorers import FunctionScorer

PLAN = ReportPlan(valid={"": 3.5}, permutations=99, draws=100, resamples=100)
WORDS = [
    *[
        "a",
        "red",
        "blue",
        "old",
        "new",
        "small",
        "wide",
        "quiet",
        "cat",
        "dog",
        "bird",
        "horse",
        "child",
        "river",
        "street",
        "table",
        "train",
        "boat",
        "sits",
        "runs",
        "stands",
    ],
    *[
        "looks",
        "here",
        "there",
        "now",
        "near",
        "under",
        "over",
        "behind",
        "before",
        "with",
        "without",
        "one",
        "two",
        "many",
        "and",
        "of",
        "the",
    ],
]


def overlap(text: str, reference: str) -> float:
    """Share of words in common."""
    mine, theirs = set(text.split()), set(reference.split())
    return len(mine & theirs) / max(len(mine | theirs), 1)


def function(label: str = "overlap") -> FunctionScorer:
    """A scorer with a label of its own."""
    return FunctionScorer(overlap, label)


def texts(items: int, references: int, systems: list[str], seed: int = 0):
    """Outputs near the references, but the last system's, which say much in other words; all get like grades."""
    rng = np.random.default_rng(seed)
    meaning = [rng.choice(WORDS, 12, replace=False) for _ in range(items)]

    def said(n: int, other: float) -> str:
        own = [
            str(rng.choice(WORDS)) if rng.random() < other else str(word) for word in meaning[n][: rng.integers(7, 12)]
        ]
        return " ".join(own)

    pool = [[said(n, 0.3) for _ in range(references)] for n in range(items)]
    outputs = {name: [said(n, 0.7 if name == systems[-1] else 0.2) for n in range(items)] for name in systems}
    grades = {
        name: np.clip(rng.normal(4 if name == systems[-1] else 3.7, 0.7, items), 1, 5).round(1) for name in systems
    }
    return outputs, pool, grades


def report(
    items: int = 60, references: int = 4, systems=("plain", "common", "vivid"), scorers=("token_f1", "chrf"), seed=0
):
    """A report by ratings, with references of two tiers and some judgements."""
    names = list(systems)
    outputs, pool, grades = texts(items, references, names, seed)
    rows = [Rating(str(n + 1), name, float(grades[name][n])) for name in names for n in range(items)]
    inputs = inputs_from_lists(predictions=outputs, references=pool, sources=[f"picture {n}" for n in range(items)])
    more = Reference("a text by a model", "inferred", "paraphrase:model@1", votes={"valid": 2, "partly": 1})
    sets = tuple(ReferenceSet(one.id, (*one.references, more), one.source) for one in inputs.items)
    judged = [Judgement(str(n + 1), outputs[names[-1]][n], "valid", who, "v1") for n in range(5) for who in "ab"]
    inputs = replace(inputs, items=sets)
    return find_underestimation(
        inputs, ratings=rows, judgements=judged, scorers=list(scorers), plan=PLAN, settings=original_only()
    )


def original_only():
    """What counts: what was collected with the data."""
    from geneval.settings import Settings

    return Settings(tiers=("original",))


def by_preferences(items: int = 40):
    """A report by choices between two outputs."""
    outputs, pool, _ = texts(items, 3, ["plain", "vivid"])
    rng = np.random.default_rng(1)
    rows = [
        Preference(str(n + 1), "plain", "vivid", str(rng.choice(["a", "b", "tie"])), annotator=who)
        for n in range(items)
        for who in "ab"
    ]
    inputs = inputs_from_lists(predictions=outputs, references=pool)
    plan = replace(PLAN, valid={})
    return find_underestimation(inputs, preferences=rows, scorers=["token_f1"], plan=plan)


def about(value: float, spread: float = 0.1, n: int = 40) -> Estimate:
    """An estimate."""
    return Estimate(value, value - spread, value + spread, n, "outputs", "drawn")


def with_sections(found, evil: str = ""):
    """The report with every section that there may be; `evil` stands in all their texts."""
    names = [row["scorer"] for row in found.scorers]
    systems = list(dict.fromkeys(row.system for row in found.findings))
    sections = {
        "attribution": _attribution(names, systems, found, evil),
        "slices": {
            "rule": f"item-cluster permutation{evil}",
            "scorers": [{"scorer": name, "slices": _slices(evil)} for name in names],
        },
        "help": _help(names, evil),
        "corrected": _corrected(names, systems, evil),
        "tiers": _tiers(names, systems, evil),
        "pairs": {
            "scorers": [
                {
                    "scorer": name,
                    "pairs": [
                        {"preferred": a, "other": b, "contradiction": about(0.4)}
                        for a, b in product(systems, systems)
                        if a != b
                    ],
                }
                for name in names
            ],
            "ceiling": about(0.9),
        },
        "references": _rated(systems, evil),
        "ranking": {**found.sections["ranking"], "bradley_terry": _worths(systems, evil)},
    }
    return replace(found, sections={**found.sections, **sections})


def _attribution(names, systems, found, evil):
    causes = [
        "lexical",
        "omission",
        "supported_addition",
        "unsupported_addition",
        "distortion",
        "length_format",
        "condition",
        "reference_defect",
    ]
    units = {
        "omitted": [f"a cat{evil}"],
        "added": [{"text": f"two dogs{evil}", "supported": True}],
        "distorted": [{"ours": "three", "theirs": f"two{evil}", "kind": "number"}],
    }
    ids = [found.known.outputs.corpus.ids[i] for i in found.known.items[:6]]
    outputs = [
        {
            "id": id_, "system": systems[-1], "score": 0.2, "band_low": 0.3, "band_median": 0.4, "band_high": 0.5, "grade": 4.5,
            "valid_by": ["rated"], "cause": causes[n % 5], "gains": {"lexical": 0.1}, "units": units,
        }
        for n, id_ in enumerate(ids)
    ]  # fmt: skip
    rows = [
        {
            "cause": cause, "penalised": about(0.6 - 0.07 * n, 0.08), "unpenalised": about(0.2 + 0.01 * n, 0.05), "contrast": about(0.4 - 0.08 * n),
            "p": 0.001 * (n + 1), "p_adjusted": 0.01 * (n + 1), "repair": about(0.05 * n), "share": about(1 / 8),
        }
        for n, cause in enumerate(causes)
    ]  # fmt: skip
    sent = {"penalised": about(0.05, 0.02), "unpenalised": about(0.04, 0.02), "rule": "distortion"}
    return {
        "extractor": {
            "reader": f"words{evil}",
            "note": f"pairs{evil}",
            "rows": [
                {
                    "kind": f"number{evil}",
                    "sample": "pairs",
                    "precision": about(0.9),
                    "recall": about(0.8),
                    "false_alarms": about(0.1),
                    "rule": "found or not",
                }
            ],
        },
        "scorers": [
            {
                "scorer": name,
                "rule": f"below the band{evil}",
                "penalised": 40,
                "unpenalised": 90,
                "causes": rows,
                "sent_back": sent,
                "outputs": outputs,
            }
            for name in names
        ],
    }


def _slices(evil):
    return [
        {
            "by": f"length{evil}", "slice": f"{n} to {n + 3} words{evil}", "n": 40 + n, "items": 20, "difference": about(-0.1 + 0.02 * n, 0.04),
            "shrunken": -0.08, "p": 0.01, "p_adjusted": 0.04, "confirmed": about(-0.1), "p_confirmed": 0.02, "found": n < 2,
        }
        for n in range(14)
    ]  # fmt: skip


def _help(names, evil):
    return {
        "scorers": [
            {
                "scorer": name,
                "components": [{"source": f"items{evil}", "variance": 0.02, "share": 0.6}, {"source": "references", "variance": 0.01, "share": 0.4}],
                "options": [{"option": f"two more references{evil}", "adds": {"references": 2}, "se_now": 0.03, "se_then": 0.02}],
                "sentence": f"Two more references help most.{evil}",
            }
            for name in names
        ],
        "references": [
            {"scorer": name, "points": [{"k": k, "agreement": about(0.3 + 0.1 * np.log(k).item())} for k in range(1, 6)], "enough": 3 if n else None,
             "at_least": None if n else 5, "sentence": f"At least five.{evil}"}
            for n, name in enumerate(names)
        ],
    }  # fmt: skip


def _corrected(names, systems, evil):
    rows = [
        {"system": name, "judged": 40, "outputs": 400, "people_only": about(3.5 + n / 9, 0.3),
         "corrected": [{"scorer": one, "estimate": about(3.55 + n / 9, 0.2), "gain": 1.8} for one in names]}
        for n, name in enumerate(systems)
    ]  # fmt: skip
    return {
        "estimand": f"mean grade of all outputs{evil}",
        "systems": rows,
        "order": {"rule": f"people with help{evil}", "systems": [{"system": name} for name in systems]},
    }


def _rated(systems, evil):
    rows = [
        {"system": name, "grade": about(4.0), "difference": about(-0.3), "below": True, "above": False}
        for name in systems
    ]
    one = {"grade": about(3.5), "systems": rows, "below": len(rows), "above": 0, "of": len(rows), "defective": True}
    return {
        "rule": f"grades{evil}",
        "references": [{"reference": f"human:A{evil}", **one, "sentence": f"A is rated low{evil}"}],
    }


def _worths(systems, evil):
    rows = [
        {"system": name, "worth": 0.3, "log_worth": 0.1 * n, "low": 0.1 * n - 0.05, "high": 0.1 * n + 0.05, "rank_low": n + 1, "rank_high": n + 2,
         "wins": 3.0, "losses": 2.0, "ties": 1.0, "reason": None}
        for n, name in enumerate(systems)
    ]  # fmt: skip
    return {
        "rule": f"the better grade wins{evil}",
        "items": 40,
        "comparisons": 120.0,
        "worths": rows,
        "signature": "bradley_terry(ties='half')",
        "warnings": [],
    }


def _tiers(names, systems, evil):
    tiers = [
        {"tier": tier, "references": 4.0 + n, "effective": 2.5, "k": 3, "systems": [{"system": s, "value": 0.5, "low": 0.4, "high": 0.6} for s in systems],
         "agreement": about(0.4), "flips": [{"people_prefer": "a", "scorer_prefers": "b", "probability": 0.97}]}
        for n, tier in enumerate(["original", "verified"])
    ]  # fmt: skip
    separation = [{"set": f"expanded{evil}", "auc": about(0.8), "fnr_at_tnr": about(0.2)}]
    return {
        "scorers": [
            {"scorer": name, "tiers": tiers, "separation": separation, "sentence": f"Nothing flips.{evil}"}
            for name in names
        ]
    }


# What a text may try, with the number of the string in place of {n}: a run of it would call `alert` or ask for http://x.invalid.
ATTACKS = [
    "<script>alert({n})</script>",
    "</script><script>alert({n})</script>",
    "</SCRIPT ><img src=x onerror=alert({n})>",
    "<!--<script>{n}",
    "--><script>alert({n})</script>",
    "<svg onload=alert({n})><animate onbegin=alert({n}) attributeName=x>",
    "<template><script>alert({n})</script></template>",
    "<iframe src=http://x.invalid/{n}></iframe>",
    "<img src=http://x.invalid/{n}.png>",
    "<style>@import 'http://x.invalid/{n}';</style>",
    "</style><link rel=stylesheet href=http://x.invalid/{n}>",
    '<a href="javascript:alert({n})">x</a>',
    "javascript:alert({n})",
    '"><b onmouseover=alert({n})>',
    "' autofocus onfocus=alert({n}) x='",
    "</title></textarea></noscript><script>alert({n})</script>",
    "<base href=http://x.invalid/{n}>",
    "<meta http-equiv=refresh content='0;url=http://x.invalid/{n}'>",
    "<form action=http://x.invalid/{n}><input name=hidden></form>",
    "{{ {n} * 7 }} {% raw %} ${{alert({n})}} [[{n}]]",
    "\u202egnp.{n}\u202c \u2066abc \u2067cba",
    "\x1b[31m{n}\x1b[0m \x07 \x9b2J",
    "line {n}\u2028separator\u2029 \x00 nothing",
    "&lt;script&gt;alert({n})&lt;/script&gt; &#x3c;b&#x3e; &amp;amp;",
    '=HYPERLINK("http://x.invalid/{n}")',
    "+{n}+cmd|' /C calc'!A0",
    "]]><![CDATA[<script>alert({n})</script>",
    "__proto__ {n} constructor",
]  # fmt: skip
POSITIONS = ("output", "id", "system", "reference", "source", "origin", "scorer", "criterion", "section")


def attack(number: int, kind: int) -> str:
    """One hostile string."""
    return ATTACKS[kind % len(ATTACKS)].replace("{n}", str(number))


def hostile(items: int = 44):
    """A report whose every text is hostile, and the strings that are in it, by position."""
    systems = [attack(n, 3 * n) + f" {n}" for n in range(3)]
    outputs, pool, grades = texts(items, 3, systems)
    used = {position: [] for position in POSITIONS}

    def evil(position: str, kind: int) -> str:
        text = attack(sum(map(len, used.values())), kind)
        used[position].append(text)
        return text

    used["system"] = systems
    ids = [f"{evil('id', n)} {n}" for n in range(items)]
    predictions = {name: [f"{text} {evil('output', n)}" for n, text in enumerate(outputs[name])] for name in systems}
    references = [
        tuple(
            Reference(f"{text} {evil('reference', n + place)}", origin=evil("origin", n))
            for place, text in enumerate(row)
        )
        for n, row in enumerate(pool)
    ]
    sources = [evil("source", n + 7) for n in range(items)]
    inputs = inputs_from_lists(
        predictions=predictions, references=[[r.text for r in row] for row in references], ids=ids, sources=sources
    )
    sets = tuple(replace(one, references=row) for one, row in zip(inputs.items, references, strict=True))
    criterion = evil("criterion", 1)
    ratings = [
        Rating(id_, name, float(grades[name][n]), criterion, "a") for name in systems for n, id_ in enumerate(ids)
    ]
    found = find_underestimation(
        replace(inputs, items=sets),
        ratings=ratings,
        scorers=[function(evil("scorer", kind)) for kind in (0, 13)],
        plan=PLAN,
    )
    found = replace(found, warnings=(*found.warnings, *(evil("section", kind) for kind in range(len(ATTACKS)))))
    return with_sections(found, evil("section", 5)), used
