"""CLIPScore and RefCLIPScore on a tiny random CLIP: the formula by transformers' own logits, and images that are none."""

from __future__ import annotations

import json
import math
import os
import shutil
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from geneval.testing import scorer_checks
from geneval_references import GenevalError, MissingDependencyError, Reference, ReferenceSet, UsageError
from geneval_scorers import ClipScore, Corpus, RefClipScore, ask_all, expected_at, full, parse
from geneval_scorers.embedding import _images
from geneval_scorers.embedding._clip import Known, load_clip

pytestmark = pytest.mark.neural

TEXTS = ["a grey cat", "", "a dog barks and a dog barks", "两只猫", "\ud800", "<|endoftext|> a cat", "a " * 60]


def build_clip(folder: Path) -> Path:
    """Two layers a side, 24 pixels, 24 tokens of bytes, seeded random weights."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    pytest.importorskip("PIL")
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = transformers.CLIPTokenizer({word: i for i, word in enumerate(words)}, [], model_max_length=24)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    ends = {"bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1, "pad_token_id": len(words) - 1}
    torch.manual_seed(12345)
    config = transformers.CLIPConfig(
        text_config={"vocab_size": len(words), "max_position_embeddings": 24, **size, **ends},
        vision_config={"image_size": 24, "patch_size": 8, **size},
        projection_dim=12,
        initializer_factor=8.0,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    sides = {"size": {"shortest_edge": 24}, "crop_size": {"height": 24, "width": 24}}
    transformers.CLIPImageProcessorPil(**sides).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return build_clip(tmp_path_factory.mktemp("tiny-clip"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three noisy images, of several shapes, modes and formats; one is half transparent."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(5)
    for name, shape in {"a.png": (40, 30, 3), "b.jpg": (24, 50, 3), "c.webp": (33, 33, 4)}.items():
        Image.fromarray(rng.integers(0, 255, shape, np.uint8)).save(folder / name)
    return folder


def corpus_of(rows):
    """Of (source, outputs, references)."""
    sets = [
        ReferenceSet(str(i), tuple(map(Reference, refs)), source=source) for i, (source, _, refs) in enumerate(rows)
    ]
    return Corpus(
        sets, [(str(i), f"s{j}", text, 0) for i, (_, texts, _) in enumerate(rows) for j, text in enumerate(texts)]
    )


def asked(scorer, rows):
    corpus = corpus_of(rows)
    return ask_all(scorer, corpus, full(corpus))


def by_hand(folder, photos, texts, names, prefix="A photo depicts "):
    """Cosines [images, texts] and [texts, texts] as CLIPModel computes them for one text and image at a time."""
    import torch
    import transformers
    from PIL import Image

    model = transformers.CLIPModel.from_pretrained(folder).eval()
    processor = transformers.CLIPProcessor(
        transformers.CLIPImageProcessorPil.from_pretrained(folder), transformers.AutoTokenizer.from_pretrained(folder)
    )
    across, vectors = np.zeros((len(names), len(texts))), []
    for j, text in enumerate(texts):
        for i, name in enumerate(names):
            ready = processor(
                text=[prefix + text],
                images=[Image.open(photos / name)],
                return_tensors="pt",
                truncation=True,
                max_length=24,
            )
            with torch.inference_mode():
                found = model(**ready)
                across[i, j] = float(found.logits_per_image[0, 0] / model.logit_scale.exp())
        vectors.append(found.text_embeds[0].numpy())
    return across, np.asarray(vectors) @ np.asarray(vectors).T


WORDS = ["a grey cat", "a dog barks", "两只猫", "", "a " * 60]
NAMES = ["a.png", "b.jpg", "c.webp"]


def test_clipscore_is_two_and_a_half_times_the_cosine_that_the_models_own_logits_hold(clip, photos):
    across, _ = by_hand(clip, photos, WORDS, NAMES)
    assert across.min() < 0 < across.max(), "the model sees no differences, or only one sign"
    found = asked(parse(f"clipscore(model='path:{clip}', images='{photos}')"), [(n, WORDS, ["any"]) for n in NAMES])
    assert found.segment == pytest.approx(2.5 * np.maximum(across, 0).ravel(), abs=2e-6)


def test_prefix_and_weight_are_options(clip, photos):
    across, _ = by_hand(clip, photos, WORDS, NAMES[:1], prefix="")
    scorer = parse(f"clipscore(model='path:{clip}', images='{photos}', prefix='', weight=1.0)")
    assert asked(scorer, [("a.png", WORDS, ["any"])]).segment == pytest.approx(np.maximum(across, 0).ravel(), abs=2e-6)


def test_ref_clipscore_is_the_harmonic_mean_with_the_nearest_reference(clip, photos):
    across, among = by_hand(clip, photos, WORDS, NAMES)
    found = asked(RefClipScore(f"path:{clip}", str(photos)), [(n, WORDS[:2], WORDS[2:4]) for n in NAMES])
    expected = []
    for i in range(len(NAMES)):
        for j in (0, 1):
            fits, near = 2.5 * max(across[i, j], 0), max(among[j, 2], among[j, 3], 0)
            expected.append(2 * fits * near / (fits + near) if fits + near else 0)
    assert max(expected) > 0 and found.segment == pytest.approx(expected, abs=5e-6)
    assert found.winner.tolist() == [int(among[j, 3] > among[j, 2]) for _ in NAMES for j in (0, 1)]


def test_a_text_equal_to_a_reference_gets_the_harmonic_mean_with_one(clip, photos):
    plain, beside = (
        asked(cls(f"path:{clip}", str(photos)), [("b.jpg", WORDS, WORDS)]).segment for cls in (ClipScore, RefClipScore)
    )
    assert beside == pytest.approx(2 * plain / (plain + 1), abs=1e-6)


def test_the_batch_size_changes_nothing(clip, photos):
    model = load_clip(f"path:{clip}", "clipscore")
    files = [photos / name for name in NAMES] * 3
    for size in (1, 2, 64):
        assert np.abs(model.texts(TEXTS, batch_size=size) - model.texts(TEXTS)).max() < 1e-6
        assert np.abs(model.images(files, batch_size=size)[0] - model.images(files)[0]).max() < 1e-6


def test_a_text_that_spells_the_mark_of_an_end_is_read_to_its_end(clip):
    model = load_clip(f"path:{clip}", "clipscore")
    one, other = model.texts(["<|endoftext|> cat", "<|endoftext|> dog"])
    assert np.abs(one - other).max() > 1e-3


def test_each_text_and_image_is_encoded_once_whoever_asks(clip, photos, monkeypatch):
    read = []
    real = _images.read_image
    monkeypatch.setattr("geneval_scorers.embedding._clip.read_image", lambda path: read.append(path.name) or real(path))
    corpus = corpus_of([(name, ["a cat", "a dog"], ["a cat", "two cats"]) for name in (*NAMES, "a.png")])
    queries = full(corpus)
    options = {"model": f"path:{clip}", "images": str(photos)}
    for scorer in (ClipScore(**options), RefClipScore(**options)):
        ask_all(scorer, corpus, queries, chunk=1)
        expected_at(scorer, corpus, queries, 1)
    assert sorted(read) == NAMES


def test_texts_beyond_the_limit_are_cut_and_a_notice_says_so(clip, photos):
    scorer = ClipScore(f"path:{clip}", str(photos), prefix="")
    corpus = corpus_of([("a.png", ["a " * 22, "a " * 23], ["x"])])
    ask_all(scorer, corpus, full(corpus))
    (told, which), *more = scorer.notices(corpus).items()
    assert told.endswith("reads only the beginning of long texts") and not more
    assert [corpus.texts[i].count("a") for i in np.flatnonzero(which)] == [23]


# --- the contract of every scorer; its texts have no images, so that every item gets the same one ---


class _OnePhoto:
    """Every item is about a photo that is there."""

    def known(self, corpus: Corpus) -> Known:
        corpus.sources[:] = ["a.png"] * len(corpus.sources)
        return super().known(corpus)


@dataclass(frozen=True, repr=False)
class OnePhotoClipScore(_OnePhoto, ClipScore):
    """As `clipscore`."""


@dataclass(frozen=True, repr=False)
class OnePhotoRefClipScore(_OnePhoto, RefClipScore):
    """As `ref_clipscore`."""


CHECKS = [
    (cls, check.name) for cls in (OnePhotoClipScore, OnePhotoRefClipScore) for check in scorer_checks(cls("path:x"))
]


@pytest.mark.parametrize(("cls", "name"), CHECKS, ids=lambda each: getattr(each, "name", each))
def test_it_keeps_what_every_scorer_keeps(clip, photos, cls, name):
    (check,) = [check for check in scorer_checks(cls(f"path:{clip}", str(photos))) if check.name == name]
    check()


def test_clipscore_looks_at_no_reference(clip, photos):
    scorer = ClipScore(f"path:{clip}", str(photos))
    one, other = (asked(scorer, [("a.png", ["a cat"], refs)]).segment[0] for refs in (["a cat"], ["x", "y z"]))
    assert one == other


# --- images that are none ---


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, data=b""):
    """A PNG of one colour channel that says it is this large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


@pytest.fixture
def bad(tmp_path, photos):
    """A folder of files that are no images to be read."""
    from PIL import Image

    whole = (photos / "a.png").read_bytes()
    (tmp_path / "out").mkdir()
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(photos / "a.png", tmp_path / "out" / "secret.png")
    shutil.copy(photos / "a.png", folder / "good.png")
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("no image")
    (folder / "empty.png").write_bytes(b"")
    (folder / "bomb.png").write_bytes(png(50_000, 50_000))
    (folder / "large.png").write_bytes(png(10_000, 10_000))
    (folder / "thin.png").write_bytes(png(1, 60_000, b"\0\0" * 60_000))
    (folder / "drawing.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    (folder / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    Image.fromarray(np.full((30, 30), 40_000, np.uint16)).save(folder / "deep.png")
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "link.png").symlink_to(tmp_path / "out" / "secret.png")
    return folder


REFUSED = [
    (None, _images.MISSING),
    ("", _images.MISSING),
    ("absent.png", _images.MISSING),
    ("folder.png", _images.MISSING),
    ("pipe.png", _images.MISSING),
    ("nul\0.png", _images.MISSING),
    ("x" * 5000, _images.MISSING),
    ("https://example.org/a.png", _images.MISSING),
    ("a grey cat sleeps in the house", _images.MISSING),
    ("../out/secret.png", _images.OUTSIDE),
    ("link.png", _images.OUTSIDE),
    ("/etc/passwd", _images.OUTSIDE),
    ("cut.png", _images.BROKEN),
    ("text.png", _images.BROKEN),
    ("empty.png", _images.BROKEN),
    ("drawing.eps", _images.BROKEN),
    ("drawing.svg", _images.BROKEN),
    ("deep.png", _images.BROKEN),
    ("bomb.png", _images.TOO_LARGE),
    ("large.png", _images.TOO_LARGE),
    ("thin.png", _images.TOO_LARGE),
]


@pytest.mark.parametrize(("source", "why"), REFUSED)
@pytest.mark.parametrize("cls", [ClipScore, RefClipScore])
def test_an_item_without_a_readable_image_gets_no_score_and_the_others_do(clip, bad, cls, source, why):
    scorer = cls(f"path:{clip}", str(bad))
    corpus = corpus_of([("good.png", ["a cat"], ["a dog"]), (source, ["two cats"], ["a dog"])])
    found = ask_all(scorer, corpus, full(corpus))
    assert found.reason == ("", "no_image")
    assert math.isnan(found.segment[1]) and found.segment[0] == found.corpus()
    told = {text: mask for text, mask in scorer.output_notices(corpus).items() if mask.any()}
    (sentence,) = told
    assert why in sentence and str(bad.parent) not in sentence
    assert told[sentence].tolist() == [False, True]


def test_an_image_of_too_many_bytes_is_refused_unread(clip, bad, monkeypatch):
    monkeypatch.setattr(_images, "MOST_BYTES", 100)
    assert asked(ClipScore(f"path:{clip}", str(bad)), [("good.png", ["a"], ["b"])]).reason == ("no_image",)


def test_without_a_folder_sources_are_paths_from_the_working_directory(clip, photos, monkeypatch):
    monkeypatch.chdir(photos.parent)
    scorer = ClipScore(f"path:{clip}")
    rows = [(f"{photos.name}/a.png", ["a cat"], ["x"]), (str(photos / "a.png"), ["a cat"], ["x"])]
    found = asked(scorer, rows)
    assert (
        found.segment[0]
        == found.segment[1]
        == asked(ClipScore(f"path:{clip}", str(photos)), [("a.png", ["a cat"], ["x"])]).segment[0]
    )


def test_a_folder_that_is_not_there_is_told_before_any_work(clip):
    with pytest.raises(UsageError, match="there is no folder 'nowhere'"):
        parse(f"clipscore(model='path:{clip}', images='nowhere')").prepare()


def geneval(*arguments, folder):
    """In a process of its own, where nothing has been imported yet."""
    command = [sys.executable, "-m", "geneval", "score", "data.jsonl", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=300)


@pytest.fixture
def data(photos, tmp_path):
    """A folder with photos and 40 items, of which one has none."""
    shutil.copytree(photos, tmp_path / "photos")
    rows = [
        {
            "id": str(i),
            "source": NAMES[i % 3] if i else "gone.jpg",
            "output": "a cat",
            "references": ["a cat", f"dog {i}"],
        }
        for i in range(40)
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_a_run_tells_whose_images_are_missing_and_exits_with_4(clip, data):
    run = geneval("--scorer", f"clipscore(model='path:{clip}', images='photos')", folder=data)
    assert run.returncode == 4
    assert "found no image file where the source says, looked for in the folder photos: 1 of 40 outputs" in run.stderr
    assert "could not score 1 outputs, 1 because the image of the item cannot be read" in run.stderr
    (score,) = json.loads(run.stdout)["scores"]
    assert (score["n"], score["n_failed"]) == (39, 1)


def test_a_model_of_another_kind_is_told_in_one_line(clip, data, tmp_path):
    other = Path(shutil.copytree(clip, tmp_path / "other"))
    (other / "model.safetensors").unlink()
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3, np.float32)}, other / "model.safetensors", metadata={"format": "pt"})
    run = geneval("--scorer", f"clipscore(model='path:{other}', images='photos')", folder=data)
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1 and "of the weights that CLIPModel needs" in run.stderr


# --- models that are none ---


def test_the_signature_has_the_weights_and_no_path(clip, photos):
    signature = ClipScore(f"path:{clip}", str(photos)).signature()
    assert signature.startswith(
        f"clipscore(model='path:{clip.name}', images='{photos.name}', prefix='A photo depicts ', "
    )
    assert "|max_tokens:24" in signature and str(clip.parent) not in signature


def test_a_model_saved_by_sentence_transformers_is_found_below_its_folder(clip, photos, tmp_path):
    inner = tmp_path / "st" / "0_CLIPModel"
    shutil.copytree(clip, inner)
    kind = "sentence_transformers.sentence_transformer.modules.clip_model.CLIPModel"
    (tmp_path / "st" / "modules.json").write_text(
        f'[{{"idx": 0, "name": "0", "path": "0_CLIPModel", "type": "{kind}"}}]'
    )
    rows = [("a.png", ["a cat"], ["x"])]
    one, other = (asked(ClipScore(f"path:{folder}", str(photos)), rows).segment for folder in (clip, tmp_path / "st"))
    assert one.tolist() == other.tolist()


def test_a_model_of_another_kind_is_refused(photos, tmp_path):
    import transformers

    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    transformers.BertModel(transformers.BertConfig(vocab_size=10, **size)).save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne")
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    with pytest.raises(GenevalError, match=r"lacks .* weights that CLIPModel needs|cannot be loaded"):
        asked(ClipScore(f"path:{tmp_path}", str(photos)), [("a.png", ["a"], ["b"])])


def test_a_model_that_does_not_say_how_it_reads_images_is_refused(clip, photos, tmp_path):
    copy = Path(shutil.copytree(clip, tmp_path / "clip"))
    for name in ("preprocessor_config.json", "processor_config.json"):
        (copy / name).unlink(missing_ok=True)
    with pytest.raises(GenevalError, match="does not say how it reads images"):
        asked(ClipScore(f"path:{copy}", str(photos)), [("a.png", ["a"], ["b"])])


def test_a_missing_model_says_what_to_do():
    with pytest.raises(MissingDependencyError, match="hf download openai/none"):
        parse("clipscore(model='hf:openai/none')").prepare()


def test_without_pillow_it_says_what_to_install(clip, monkeypatch):
    monkeypatch.setattr("geneval_scorers.embedding._clip.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"clipscore needs Pillow: pip install 'geneval-text\[neural\]'"):
        parse(f"clipscore(model='path:{clip}')").prepare()


def test_weights_that_give_no_numbers_give_no_score(clip, photos, tmp_path):
    from safetensors.numpy import load_file, save_file

    copy = Path(shutil.copytree(clip, tmp_path / "clip"))
    weights = load_file(copy / "model.safetensors")
    weights["text_projection.weight"] = weights["text_projection.weight"] * np.float32("nan")
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(GenevalError, match="vectors that are not numbers"):
        asked(ClipScore(f"path:{copy}", str(photos)), [("a.png", ["a"], ["b"])])
