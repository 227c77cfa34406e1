"""Writes a tiny COMET model with seeded random weights: `python tiny_comet.py FOLDER`, in a Python with unbabel-comet."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def write(folder: Path) -> None:
    """Write encoder, checkpoint and settings, as `comet-train` leaves them."""
    import pytorch_lightning
    import tiny
    import torch
    from comet.models import RegressionMetric

    for part in ("encoder", "checkpoints"):
        (folder / part).mkdir(parents=True)
    tiny.bert(folder / "encoder")
    torch.manual_seed(tiny.SEED)
    settings = {"encoder_model": "BERT", "pretrained_model": str(folder / "encoder"), "hidden_sizes": [8]}
    model = RegressionMetric(**settings, load_pretrained_weights=False, local_files_only=True)
    trainer = pytorch_lightning.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    trainer.strategy.connect(model)
    trainer.save_checkpoint(folder / "checkpoints" / "model.ckpt")
    lines = [f"class_identifier: regression_metric\npretrained_model: {folder / 'encoder'}\n"]
    (folder / "hparams.yaml").write_text("".join(lines), "utf-8")
    (folder / "README.md").write_text(
        "---\nlanguage: en\nlicense: cc-by-nc-sa-4.0\n---\n# Tiny\nlicense: not this\n", "utf-8"
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
