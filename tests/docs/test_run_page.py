"""The runner of pages runs what it says, and notices what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).with_name("run_page.py")

# Blocks that run begin with `$ geneval`; a shell function of that name stands in for the command.
SAYS = "$ geneval() { echo said   $*; echo aside >&2; return ${CODE:-0}; };"

GOOD = {
    "blocks of a page share names": """
```python
from dataclasses import dataclass, fields

@dataclass
class Pair:
    first: "int"
```

```python
>>> [field.name for field in fields(Pair)]
['first']
>>> total = Pair(1).first + 1
```

```python
assert total == 2
```
""",
    "a block in a list is run": """
1. First

   ```python
   x = 1
   ```
""",
    "output appears, white space aside": f"""
```console
{SAYS} geneval one two
said one
  two
{SAYS} geneval three
said three
```
""",
    "dots stand for anything, on either stream": f"""
```console
{SAYS} geneval 1 2 3
said 1 ... 3
aside
{SAYS} geneval 1
aside ... 1
```
""",
    "a command goes on over lines": f"""
```console
{SAYS} geneval one \\
    two
said one two
{SAYS} geneval $(cat <<END
> three
> END
> )
said three
```
""",
    "the exit code is as announced": f"""
<!-- exit: 3 -->
```console
{SAYS} CODE=3 geneval
```
""",
    "a file is written": f"""
<!-- file: rows.jsonl -->
```jsonl
{{"id": "1"}}
```

```console
{SAYS} geneval $(cat rows.jsonl)
said {{"id": "1"}}
```
""",
    "other commands and languages are left alone": """
```console
$ pip install nothing-at-all
```

```sh
exit 1
```

````markdown
```python
raise SystemExit(1)
```
````
""",
}

BAD = {
    "an exception": ("# Title\n\n```python\nx = 1\n1 / 0\n```\n", 'page.md", line 5'),
    "an exit": ("```python\nraise SystemExit(0)\n```\n", "SystemExit"),
    "a wrong value": ("```python\n>>> 1 + 1\n3\n```\n", "Expected:\n    3\nGot:\n    2"),
    "a wrong line of output": (f"```console\n{SAYS} geneval one\nsaid two\n```\n", "said two"),
    "a wrong order of output": (f"```console\n{SAYS} geneval 1 2\nsaid 2 ... 1\n```\n", "this output is not there"),
    "a command that fails": (f"```console\n{SAYS} CODE=3 geneval\n```\n", "exit 3 instead of 0"),
    "a command that should fail": (f"<!-- exit: 3 -->\n```console\n{SAYS} geneval\n```\n", "exit 0 instead of 3"),
}


def run(page: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "page.md").write_text(page, encoding="utf-8")
    command = [sys.executable, str(RUNNER), "page.md"]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=60)


@pytest.mark.parametrize("page", GOOD.values(), ids=GOOD)
def test_page_whose_examples_hold(page: str, tmp_path: Path) -> None:
    """The page passes, and nothing on it is skipped."""
    result = run(page, tmp_path)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr


@pytest.mark.parametrize(("page", "told"), BAD.values(), ids=BAD)
def test_page_with_an_example_that_fails(page: str, told: str, tmp_path: Path) -> None:
    """The page fails, and the message says where and what."""
    result = run(page, tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("page.md:")
    assert told in result.stderr


def test_skip_is_told(tmp_path: Path) -> None:
    """A skipped block does not run, and its reason is printed."""
    result = run("<!-- skip: needs a network -->\n\n```python\n1 / 0\n```\n", tmp_path)
    assert (result.returncode, result.stdout) == (0, "skipped page.md:4: needs a network\n")
