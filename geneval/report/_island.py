"""Data inside the page: JSON that no text can end, and the hashes that let the page's own script and style run."""

from __future__ import annotations

import base64
import hashlib
import json
import re

from markupsafe import Markup

_HARMFUL = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def island(value: object) -> Markup:
    """JSON for `<script type="application/json">`: no `<`, so neither `</script` nor `<!--` can be in it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(_HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))  # noqa: S704 - escaped in the line itself


def size_of(value: object) -> int:
    """Bytes that a value takes in an island, with a comma."""
    return len(island(value).encode()) + 1


def policy(script: str, style: str) -> str:
    """A content security policy: nothing is loaded, nothing runs but this script, nothing looks but by this style."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        ]
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
