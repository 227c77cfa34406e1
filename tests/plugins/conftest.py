"""Distributions made by hand: a module and the metadata that pip would write, in a folder on PYTHONPATH."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

import pytest


@pytest.fixture(scope="session")
def distribute():
    """Writes a distribution into a folder."""

    def write(folder, name, entry_points, modules=None, version="1.0"):
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        lines = "".join(f"{key} = {value}\n" for key, value in entry_points.items())
        (info / "entry_points.txt").write_text(f"[geneval.scorers]\n{lines}", encoding="utf-8")
        for module, source in (modules or {}).items():
            (folder / f"{module}.py").write_text(source, encoding="utf-8")
        return info

    return write


@pytest.fixture(scope="session")
def run():
    """Runs the command in a folder, with another one on PYTHONPATH."""

    def run(cwd, site, *arguments, code=0):
        path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-m", "geneval", *map(str, arguments)],
            capture_output=True,
            encoding="utf-8",
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": path},
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def geneval(tmp_path, run):
    """Runs the command in an empty folder."""
    return partial(run, tmp_path)
