"""The table is beside the tests; the command runs in this process, which is quick, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package: the table is found by its name


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Runs `geneval` in an empty folder; gives exit code, stdout and stderr."""
    from geneval.cli import app

    monkeypatch.chdir(tmp_path)

    def run(*arguments, stdin=None):
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, prog_name="geneval")
        assert "Traceback" not in done.stderr
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


@pytest.fixture
def process(tmp_path):
    """Runs `geneval` as users do, in a process of its own."""

    def run(*arguments, env=None, kilobytes=None, timeout=120, stdin=None):
        limit = ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash"] if kilobytes else []
        done = subprocess.run(
            [*limit, sys.executable, "-m", "geneval", *map(str, arguments)],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, **(env or {})},
            input=stdin,
            timeout=timeout,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    return run
