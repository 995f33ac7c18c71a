"""The learned reader at work: scores every segment for every fact, offline, through ONNX Runtime.

`model.onnx` is a six-layer sentence encoder (MiniLM) fine-tuned by `train.py` on labelled excerpts, its
weights in eight bits; `labels.json` names its outputs ("infection=absent") and each one's threshold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from extractors.document import Page, excerpt
from extractors.finding import Assertion, Finding
from extractors.learned.inputs import MAX_TOKENS, pairs
from extractors.segment import Mark, Segment

BATCH = 16
LEAST = 0.3
"""Below this a score is noise; between it and the policy's trust it is shown and never decides."""
OTHER_TALK: frozenset[Mark] = frozenset({"quoted", "boilerplate", "education"})


def find_learned(document_id: str, page: Page, segments: Sequence[Segment], day: Sequence[str | None]) -> Iterator[Finding]:
    """Findings of one page; `day` holds the ISO date that each segment speaks of."""
    asked = [i for i, s in enumerate(segments) if "unanswered" not in s.marks and len(s.text) > 3]
    inputs = pairs(segments, page.text)
    scores = score([inputs[i] for i in asked])
    names = labels()
    for row, i in enumerate(asked):
        segment = segments[i]
        for column in np.flatnonzero(scores[row] >= LEAST):
            kind, value = names[column].split("=")
            yield Finding(
                kind,
                value,
                excerpt(document_id, page, segment.start, segment.end),
                "learned",
                assertion=Assertion(quoted=bool(segment.marks & OTHER_TALK), family="family" in segment.marks),
                date=day[i],
                score=round(float(scores[row, column]), 3),
            )


def score(inputs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Probabilities, shape (len(inputs), number of labels), float32."""
    session, tokenizer = _load()
    out = np.zeros((len(inputs), len(labels())), np.float32)
    encoded = tokenizer.encode_batch([(context, said) for context, said in inputs])
    order = sorted(range(len(inputs)), key=lambda i: len(encoded[i].ids))
    for at in range(0, len(order), BATCH):
        part = order[at : at + BATCH]
        width = max(len(encoded[i].ids) for i in part)
        feed = {
            "input_ids": _padded([encoded[i].ids for i in part], width),
            "attention_mask": _padded([encoded[i].attention_mask for i in part], width),
            "token_type_ids": _padded([encoded[i].type_ids for i in part], width),
        }
        out[part] = 1 / (1 + np.exp(-session.run(None, feed)[0]))
    return out


def _padded(rows: Sequence[Sequence[int]], width: int) -> np.ndarray:
    return np.array([[*row, *[0] * (width - len(row))] for row in rows], np.int64)


@cache
def labels() -> tuple[str, ...]:
    """The model's outputs, as kind=value."""
    names: list[str] = json.loads(files("extractors.learned").joinpath("labels.json").read_text("utf-8"))
    return tuple(names)


@cache
def _load() -> tuple[Any, Any]:
    import onnxruntime
    from tokenizers import BertWordPieceTokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    folder = files("extractors.learned")
    with as_file(folder.joinpath("model.onnx")) as model, as_file(folder.joinpath("vocab.txt")) as vocab:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        tokenizer = BertWordPieceTokenizer(str(vocab), lowercase=True)
    tokenizer.enable_truncation(MAX_TOKENS, strategy="longest_first")
    return session, tokenizer
