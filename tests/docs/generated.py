"""Writes what pages say about the registered scorers: `python generated.py`; `--check` only tells what is out of date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from geneval_scorers import scorers

TREE = Path(__file__).parents[2]


def overview() -> str:
    """Give what `geneval scorers --format markdown` prints."""
    command = [sys.executable, "-m", "geneval", "scorers", "--format", "markdown"]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=120).stdout


def catalogue() -> str:
    """Give the scorers with the files they are in."""
    lines = ["| scorer | what the number means | kind | role | needs |", "| --- | --- | --- | --- | --- |"]
    for name, cls in scorers().items():
        file = cls.__module__.replace(".", "/") + ".py"
        lines.append(
            f"| [`{name}`]({file}) | {cls.info.summary} | {cls.info.kind} | {cls.info.role} | {cls.info.needs} |"
        )
    return "\n".join(lines) + "\n"


PARTS = {
    "docs/scorers.md": ("geneval scorers --format markdown", overview),
    "scorers/README.md": ("catalogue", catalogue),
}


def main(*, check: bool) -> int:
    """Write each part between its markers; give 1 if that was to be checked and anything differs."""
    stale = []
    for name, (marker, make) in PARTS.items():
        page = (TREE / name).read_text(encoding="utf-8")
        begin, end = f"<!-- begin: {marker} -->\n", f"<!-- end: {marker} -->"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        if not after:
            sys.exit(f"{name}: no {begin.strip()} ... {end}")
        new = f"{before}{begin}{make()}{end}{after}"
        if new != page:
            stale.append(name)
            if not check:
                (TREE / name).write_text(new, encoding="utf-8")
    print(*(f"{name} is {'out of date' if check else 'written'}" for name in stale), sep="\n")  # noqa: T201
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))
