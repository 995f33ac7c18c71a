"""The learned reader at work: scores every segment for every fact, offline, through ONNX Runtime.

`model.onnx` is a six-layer sentence encoder (MiniLM) fine-tuned by `train.py` on labelled excerpts, its
weights in eight bits; `labels.json` names its outputs ("infection=absent") and each one's threshold.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from extractors.document import Page, excerpt
from extractors.finding import Assertion, Finding
from extractors.learned.inputs import MAX_TOKENS, pairs
from extractors.segment import Mark, Segment

KEPT = 20_000
"""Scores kept from packet to packet: the lines of forms, letterheads and forwarded pages come again and again."""
LEAST = 0.3
"""Below this a score is noise; between it and the policy's trust it is shown and never decides."""
OTHER_TALK: frozenset[Mark] = frozenset({"quoted", "boilerplate", "education"})


def find_learned(document_id: str, page: Page, segments: Sequence[Segment], day: Sequence[str | None]) -> Iterator[Finding]:
    """Findings of one page; `day` holds the ISO date that each segment speaks of."""
    names = labels()
    asked = _asked(page, segments)
    for (i, _), scores in zip(asked, score([pair for _, pair in asked]), strict=True):
        segment = segments[i]
        for column in np.flatnonzero(scores >= LEAST):
            kind, value = names[column].split("=")
            yield Finding(
                kind,
                value,
                excerpt(document_id, page, segment.start, segment.end),
                "learned",
                assertion=Assertion(quoted=bool(segment.marks & OTHER_TALK), family="family" in segment.marks),
                date=day[i],
                score=round(float(scores[column]), 3),
            )


def _asked(page: Page, segments: Sequence[Segment]) -> list[tuple[int, tuple[str, str]]]:
    """The segments that may state something, by their place in the page, with what the encoder is given for each."""
    inputs = pairs(segments, page.text)
    return [(i, inputs[i]) for i, s in enumerate(segments) if "unanswered" not in s.marks and len(s.text) > 3]


def score(inputs: Iterable[tuple[str, str]]) -> list[np.ndarray]:
    """Probabilities of each (context, statement), float32, in the order of `labels()`.

    Each is scored by itself: its activations' eight-bit scale is its own, so a score never depends on what else a
    page or packet holds, nothing is padded, and what has been scored need not be again. Threads share the work.
    """
    return list(_threads().map(_probabilities, inputs))


@lru_cache(KEPT)
def _probabilities(pair: tuple[str, str]) -> np.ndarray:
    session, tokenizer = _load()
    encoded = tokenizer.encode(*pair)
    feed = {
        "input_ids": encoded.ids,
        "attention_mask": encoded.attention_mask,
        "token_type_ids": encoded.type_ids,
    }
    logits = session.run(None, {name: np.array([row], np.int64) for name, row in feed.items()})[0][0]
    scores: np.ndarray = 1 / (1 + np.exp(-logits))
    return scores


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
    tokenizer.enable_truncation(MAX_TOKENS, strategy="longest_first")
    return session, tokenizer
