"""Texts whose labels follow some of their words, and a transformer of two layers."""

import json
from pathlib import Path

import numpy as np
import pytest

LABELS, TEXTS_PER_LABEL = 12, 14


def planted_texts() -> tuple[list[str], list[str]]:
    """Two words of the label's six among words of all labels' noise."""
    rng = np.random.default_rng(0)
    texts, labels = [], []
    for label in range(LABELS):
        for row in range(TEXTS_PER_LABEL):
            own = rng.choice(6, 2, replace=False)
            noise = [f"n{word}" for word in rng.integers(0, 40, 3)]
            texts.append(" ".join([f"w{label}x{own[0]}", *noise, f"w{label}x{own[1]}", f"t{row}"]))
            labels.append(f"label {label:02}")
    return texts, labels


@pytest.fixture(scope="session")
def planted() -> tuple[list[str], list[str]]:
    return planted_texts()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """The folder of a sentence-transformer with random weights: two layers, 32 dimensions, mean pooling."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    folder.mkdir()
    words = [f"w{label}x{word}" for label in range(LABELS) for word in range(6)]
    words += [f"n{word}" for word in range(40)] + [f"t{row}" for row in range(TEXTS_PER_LABEL)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=32).save_pretrained(folder)
    kinds = ("", "sentence_transformers.models.Transformer"), ("1_Pooling", "sentence_transformers.models.Pooling")
    modules = [{"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(kinds)]
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 32}', encoding="utf-8")
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), encoding="utf-8")
    return folder
