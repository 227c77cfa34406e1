"""Numbers and names as the page shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
"""An object of `underestimation.json`."""

_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""The text with what steers a reader named: control characters, line separators, embeddings and overrides.

    >>> visible("a\x1b[31mb")
    'a␛[31mb'
    """
    return _STEERING.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else f"⟨U+{code:04X}⟩"


def number(value: float | None, *, sign: bool = False) -> str:
    """Three digits, in the page's typography; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:{'+' if sign else ''}.3g}"
    if "e" not in text and abs(value) < 1:
        text = f"{value:{'+' if sign else ''}.3f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")


def interval(found: Json | None, *, sign: bool = False) -> str:
    """`low to high` in brackets, nothing where there is none."""
    if not found or found.get("low") is None or found.get("high") is None:
        return ""
    return f"[{number(found['low'], sign=sign)}, {number(found['high'], sign=sign)}]"


def chance(p: float | None) -> str:
    """A p-value or probability."""
    if p is None:
        return "–"
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def percent(share: float | None) -> str:
    """A share of one."""
    return "–" if share is None else f"{100 * share:.1f} %"


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


VERDICTS = {
    "penalised": "valid outputs penalised",
    "relative_misranking": "relative misranking",
    "both": "valid outputs penalised, others rewarded",
    "no_evidence": "no evidence of underestimation",
    "not_enough_evidence": "not enough evidence",
}
"""What a verdict is called."""

CAUSES = {
    "lexical": "other words, same content",
    "omission": "leaves something out",
    "supported_addition": "adds what is true",
    "unsupported_addition": "adds what nothing supports",
    "distortion": "says something wrongly",
    "length_format": "length or format",
    "condition": "answers another task or style",
    "reference_defect": "the reference is at fault",
}
"""What a cause is called."""


def cause_name(cause: str) -> str:
    """A cause in words."""
    return CAUSES.get(cause, cause.replace("_", " "))
