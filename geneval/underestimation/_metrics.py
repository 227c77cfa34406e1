"""A report as flat numbers, for tools that compare runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from geneval.underestimation._model import Kind

METRICS = "metrics.json"


def metrics_of(report: Mapping[str, Any]) -> dict[str, float]:
    """Numbers by key; a number that does not exist has no key.

    Names stand in keys with `/` as `%2F` and `%` as `%25`.

    Args:
        report: what `underestimation.json` holds.
    """
    rows = [*_of_data(report), *_of_scorers(report), *_of_systems(report)]
    return {key: value if isinstance(value, float) else int(value) for key, value in rows if value is not None}


Row = tuple[str, float | None]


def _of_data(report: Mapping[str, Any]) -> Iterator[Row]:
    yield "items", report["people"]["items"]
    yield "outputs", report["people"]["outputs"]
    yield "items_left_out", len(report["audit"]["left_out"])
    references = report.get("references", {}).get("references", [])
    yield "defective_references", sum(row["defective"] for row in references)


def _of_scorers(report: Mapping[str, Any]) -> Iterator[Row]:
    for row in report["scorers"]:
        name = _key(row["scorer"])
        for kind in get_args(Kind):
            yield f"verdict/{name}/{kind}", row["verdict"] == kind
        yield f"accuracy/{name}", row["accuracy"]["value"]
        yield f"sides_with_people/{name}", row["sides_with_people"]
        yield f"beaten_by_controls/{name}", len(row["beaten_by"])


def _of_systems(report: Mapping[str, Any]) -> Iterator[Row]:
    for row in report["systems"]:
        name = f"{_key(row['scorer'])}/{_key(row['system'])}"
        for number in ("matched_difference", "gap"):
            yield f"{number}/{name}", row[number]["value"]
            yield f"{number}_low/{name}", row[number]["low"]
            yield f"{number}_high/{name}", row[number]["high"]
        yield f"standardised_difference/{name}", row["standardised"]
        yield f"marked_down/{name}", row["direction"] == "down"
        yield f"marked_up/{name}", row["direction"] == "up"


def _key(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2F")
