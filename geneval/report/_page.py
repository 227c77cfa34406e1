"""The page: one file, no network, nothing that a text in it could set going."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from geneval.report import _data, _who, _why
from geneval.report._evidence import RULE, Evidence, Island, described
from geneval.report._figure import Figure, columns
from geneval.report._headline import headline
from geneval.report._island import island, policy, size_of
from geneval.report._words import Json, number, visible

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from geneval.underestimation import Underestimation

LARGEST = 4_900_000
"""Bytes of a page: the list of evidence is cut so that it stays below."""

PRINTED = 20
"""So many outputs of the list are there without scripts."""

_TITLES = ("The finding", "Who", "Why", "References", "Grades", "Where", "Quality", "Evidence", "Basis")


def page_of(report: Underestimation) -> str:
    """`report.html`: a page that holds everything it needs.

    Args:
        report: as `find_underestimation` gives it; without its `known` data the page has no evidence list.
    """
    data: Any = report.plain()
    evidence = None if report.known is None else Evidence(report.known, _attribution(data))
    sections = _sections(data, evidence)
    rows = {one.key: _download(one) for _, _, found in sections for one in found if one.rows}
    style, script = _asset("style.css"), _asset("script.js")
    shown: dict[str, Any] = {
        "sections": sections,
        "data": data,
        "headline": headline(data),
        "rule": RULE,
        "reason": None,
    }
    shown |= {"policy": policy(script, style), "style": Markup(style), "script": Markup(script)}  # noqa: S704 - our own files
    bare = _template().render(**shown, figures="", evidence="", first=[], counted=_counted(None, evidence))
    room = LARGEST - len(bare.encode()) - size_of(rows)
    found = None if evidence is None else Island(evidence, room - 40_000).to_dict()
    first = [] if found is None else list(described(found, PRINTED))
    return _template().render(
        **shown, figures=island(rows), evidence=island(found or {}), first=first, counted=_counted(found, evidence)
    )


def _attribution(data: Json) -> Json:
    found: Json = data.get("attribution") or {}
    return {} if "reason" in found else found


def _sections(data: Json, evidence: Evidence | None) -> list[tuple[str, str, Sequence[Figure]]]:
    """(anchor, title, figures) of each part of the page that has something to say."""
    parts: list[tuple[str, str, Sequence[Figure | None]]] = [
        ("data", "Data", [_data.audit(data), _data.raw(data)]),
        ("who", "Who", [_who.heat(data), _who.scorers(data), _who.systems(data), _who.worths(data), _who.pairs(data)]),
        ("why", "Why", [_why.attribution(data), _why.extractor(data)]),
        ("references", "References", [_why.references(data), _why.options(data), _why.tiers(data), _why.rated(data)]),
        ("grades", "Grades", [_data.ratings(data, evidence)]),
        ("where", "Where", [_why.slices(data)]),
        ("quality", "True quality", [_why.corrected(data)]),
        ("evidence", "Evidence", []),
        ("basis", "Basis", [_data.controls(data), _data.validity(data), _data.people(data), _data.plan(data)]),
    ]
    kept = [(anchor, title, [one for one in found if one is not None]) for anchor, title, found in parts]
    top = ("finding", "Finding", [_who.finding(data)])
    return [top, *(part for part in kept if part[2] or part[0] == "evidence")]


def _download(figure: Figure) -> Mapping[str, object]:
    """Rows as columns and cells, names once."""
    names = columns(figure.rows)
    return {"columns": names, "rows": [[row.get(name) for name in names] for row in figure.rows]}


def _counted(found: Mapping[str, Any] | None, evidence: Evidence | None) -> Mapping[str, Any]:
    """What is said above the list."""
    if evidence is None:
        return {"total": 0, "shown": 0, "told": True, "reason": "the report was made without its outputs"}
    total = len(evidence.cells)
    reason = None if total else "no valid output lies below the human band for any scorer"
    shown = total if found is None else len(found["rows"])
    return {"total": total, "shown": shown, "told": evidence.told, "reason": reason}


@cache
def _asset(name: str) -> str:
    return (files("geneval.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    return _environment().get_template("page.html")


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("geneval.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    found.filters["number"] = number
    return found


def _shown(value: object) -> object:
    """Every text that a template puts into the page, with what steers a reader named."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
