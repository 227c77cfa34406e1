"""What comes out, and the directory it is kept in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

import geneval
from geneval.results import SCHEMA, Result, read_fitted
from geneval.run_directory import run_directory
from geneval_references import GenevalError, InputError, UsageError


@pytest.fixture
def result():
    return geneval.score(
        predictions={"one": ["a b", "c"], "two": ["a", ""]},
        references=[["a b", "b"], ["d", "c c"]],
        scorers=["bleu", "cider(tokenizer='none')"],
        k=1,
        band=True,
        resamples=20,
    )


def test_a_saved_result_opens_as_it_was(result, tmp_path):
    again = Result.open(result.save(tmp_path / "deep" / "run"))
    assert again.scores == result.scores and again.bands == result.bands and again.warnings == result.warnings
    assert again.to_arrow().equals(result.to_arrow())
    assert again.settings == result.settings and again.files == result.files
    assert again.reference_hash == result.reference_hash
    assert [state.hash for state in again.fitted] == [state.hash for state in result.fitted]
    assert json.loads((tmp_path / "deep" / "run" / "results.json").read_text("utf-8")) == result.to_dict()


def test_the_printed_shape_is_the_contract(result):
    printed = json.loads(result.to_json())
    assert printed["schema"] == SCHEMA and set(printed) == {"schema", "scores", "bands", "warnings"}
    assert list(printed["scores"][0]) == [
        *("system", "scorer", "score", "low", "high", "scale", "direction", "n", "n_flagged", "n_missing", "n_failed"),
        *("tiers", "k", "copies", "signature", "role", "counts"),
    ]


def test_the_manifest_says_what_came_and_how_it_was_scored(result, tmp_path):
    manifest = json.loads((result.save(tmp_path / "run") / "manifest.json").read_text("utf-8"))
    assert manifest["config"]["scorers"] == ["bleu", "cider(tokenizer='none')"] and manifest["config"]["k"] == [1]
    assert manifest["reference_hash"] == result.reference_hash
    assert manifest["versions"]["geneval"] == geneval.__version__ and "sacrebleu" in manifest["versions"]
    assert manifest["fitted"][0]["sha256"] == result.fitted[0].hash


def test_segments_are_a_table_a_data_frame_and_a_dataset(result):
    table = result.to_arrow()
    assert table.num_rows == 2 * 2 * 2 and table.schema.field("k").type == "int64"
    assert result.to_pandas().score.tolist() == table.column("score").to_pylist()
    data = result.to_dataset()
    assert data.column_names == ["id", "system", "sample", "scorer", "k", "score", "winner", "flag", "reason"]
    assert data[3]["flag"] == "empty_output"


def test_a_score_that_is_not_there_is_an_error_that_lists_what_is(result):
    assert result.score("one", "bleu", k=1).system == "one"
    with pytest.raises(UsageError, match=r"no score of 'three'.*there are: one / bleu / k=1"):
        result.score("three", "bleu")
    assert result.systems == ("one", "two") and len(list(result)) == 4


def test_nothing_is_overwritten(result, tmp_path):
    result.save(tmp_path / "run")
    before = (tmp_path / "run" / "results.json").read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        result.save(tmp_path / "run")
    assert (tmp_path / "run" / "results.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_that_fails_leaves_nothing_behind(tmp_path):
    def fail() -> None:
        with run_directory(tmp_path / "run") as folder:
            (folder / "half").write_text("x", encoding="utf-8")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_cleared_away(tmp_path):
    code = (
        "import os, sys\nfrom geneval.run_directory import run_directory\n"
        "with run_directory(sys.argv[1]) as folder:\n    (folder / 'half').write_text('x')\n    os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], check=False)
    assert (tmp_path / "run.partial" / "half").exists() and not (tmp_path / "run").exists()
    with run_directory(tmp_path / "run") as folder:
        assert sorted(path.name for path in folder.iterdir()) == [".geneval-holder", ".geneval-lock"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"] and list((tmp_path / "run").iterdir()) == []


def test_a_run_that_was_stopped_before_it_could_lock_its_folder_stands_in_nobodys_way(result, tmp_path):
    (tmp_path / "run.partial").mkdir()
    assert result.save(tmp_path / "run").is_dir() and not (tmp_path / "run.partial").exists()


def test_what_geneval_did_not_make_is_left_alone(result, tmp_path):
    (tmp_path / "run.partial").mkdir()
    (tmp_path / "run.partial" / "thesis.txt").write_text("precious", encoding="utf-8")
    (tmp_path / "run.lock").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match="geneval did not make it"):
        result.save(tmp_path / "run")
    result.save(tmp_path / "other")
    assert (tmp_path / "run.partial" / "thesis.txt").read_text("utf-8") == "precious"
    assert (tmp_path / "run.lock").exists() and not (tmp_path / "other.lock").exists()


def test_two_runs_do_not_write_one_directory(tmp_path):
    said = []

    def second() -> None:
        try:
            with run_directory(tmp_path / "run"):
                pass
        except GenevalError as error:
            said.append(str(error))

    with run_directory(tmp_path / "run"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert "another run is writing" in said[0] and (tmp_path / "run").is_dir()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_told_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="cannot be written to"), run_directory(tmp_path / "run"):
        pass


def test_a_parent_that_is_a_file_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written to"), run_directory(tmp_path / "file" / "run"):
        pass


def test_what_is_no_run_directory_is_refused(result, tmp_path):
    with pytest.raises(InputError, match="is no run directory of geneval"):
        Result.open(tmp_path)
    folder = result.save(tmp_path / "run")
    found = json.loads((folder / "results.json").read_text("utf-8"))
    (folder / "results.json").write_text(json.dumps(found | {"schema": "geneval.score/0"}), encoding="utf-8")
    with pytest.raises(InputError, match=r"schema 'geneval.score/0'; this geneval reads 'geneval.score/1'"):
        Result.open(folder)
    (folder / "results.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="schema None"):
        Result.open(folder)
    (folder / "results.json").write_text(json.dumps(found), encoding="utf-8")
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"is no run directory of geneval.*'config'"):
        Result.open(folder)


def test_a_result_of_a_users_function_can_be_printed_and_kept(tmp_path):
    result = geneval.score(predictions=["a", "b"], references=["a", "c"], scorers=lambda *_: 1.0, resamples=0)
    assert json.loads(result.to_json())["scores"][0]["scale"] == [None, None]
    assert Result.open(result.save(tmp_path / "run")).scores == result.scores


def test_fitted_state_that_was_changed_is_refused(result, tmp_path):
    folder = result.save(tmp_path / "run")
    (file,) = (folder / "fitted").iterdir()
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match="no fitted state in there"):
        read_fitted(folder / "empty")
    with pytest.raises(InputError, match="there is no such run directory"):
        read_fitted(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is no fitted state"):
        read_fitted(folder / "results.json")
    renamed = file.rename(file.with_name("cider-000000000000.parquet"))
    with pytest.raises(InputError, match="it was changed"):
        read_fitted(renamed)
