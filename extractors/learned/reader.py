"""The learned reader at work: scores every segment for every fact, offline, through ONNX Runtime.

`model.onnx` is a six-layer sentence encoder (MiniLM) fine-tuned by `train.py` on labelled excerpts, its
weights in eight bits; `labels.json` names its outputs ("infection=absent").
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from extractors.document import Page, excerpt
from extractors.finding import Assertion, Finding
from extractors.learned.inputs import Part, Window, parts_of, pieces_of, windows
from extractors.segment import Mark, Segment

KEPT = 2_000
"""Windows whose scores are kept from packet to packet: forms and forwarded pages come again and again."""
LEAST = 0.3
"""Below this a score is noise; between it and the policy's trust it is shown and never decides."""
OTHER_TALK: frozenset[Mark] = frozenset({"quoted", "boilerplate", "education"})


def find_learned(
    document_id: str, page: Page, segments: Sequence[Segment], day: Sequence[str | None]
) -> Iterator[Finding]:
    """Findings of one page; `day` holds the ISO date that each segment speaks of."""
    names = labels()
    # an instruction to the reader is not even company: beside it, other statements were read otherwise
    read = [(segment, today) for segment, today in zip(segments, day, strict=True) if "instruction" not in segment.marks]
    for (segment, today), scores in zip(read, score(parts_of([s for s, _ in read], page.text)), strict=True):
        if "unanswered" in segment.marks:
            continue
        for column in np.flatnonzero(scores >= LEAST):
            kind, value = names[column].split("=")
            yield Finding(
                kind,
                value,
                excerpt(document_id, page, segment.start, segment.end),
                "learned",
                assertion=Assertion(quoted=bool(segment.marks & OTHER_TALK), family="family" in segment.marks),
                date=today,
                score=round(float(scores[column]), 3),
            )


def score(parts: Sequence[Part]) -> np.ndarray:
    """Probabilities of a page's statements, shape (len(parts), number of labels), float32; a long one's are those of its pieces.

    Each window is scored by itself: its activations' eight-bit scale is its own, so a score never depends on what
    else a packet holds, nothing is padded, and what has been scored need not be again. Threads share the work.
    """
    pieces = [(i, (heading, piece)) for i, (heading, said) in enumerate(parts) for piece in pieces_of(said, _encode)]
    owner = np.array([i for i, _ in pieces], np.int64)
    out = np.zeros((len(parts), len(labels())), np.float32)
    cut = list(windows([part for _, part in pieces], _encode))
    for window, scores in zip(cut, _threads().map(_probabilities, cut), strict=True):
        np.maximum.at(out, owner[list(window.statements)], scores)
    return out


@lru_cache(KEPT)
def _probabilities(window: Window) -> np.ndarray:
    ids = np.array([window.ids], np.int64)
    spans = np.array(window.spans, np.int64)
    feed = {
        "input_ids": ids,
        "attention_mask": np.ones_like(ids),
        "first": spans[None, :, 0],
        "last": spans[None, :, 1],
    }
    scores: np.ndarray = 1 / (1 + np.exp(-_load()[0].run(None, feed)[0][0]))
    return scores


@lru_cache(KEPT)  # asked for a statement's length first, then for its window
def _encode(text: str) -> Sequence[int]:
    ids: Sequence[int] = _load()[1].encode(text, add_special_tokens=False).ids
    return ids


@cache
def _threads() -> ThreadPoolExecutor:
    """As many threads as this process may use cores: OMP_NUM_THREADS where a batch has shared them out."""
    cores = int(os.environ.get("OMP_NUM_THREADS", 0)) or len(os.sched_getaffinity(0))
    return ThreadPoolExecutor(cores, thread_name_prefix="learned")


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
    return session, tokenizer
