"""Learns how a question's vector is turned toward the passages that answer it (`learned.turned`).

Sentence vectors were made for sentences that mean the same; a question and its answer seldom do. The turn is one matrix, learned by
a softmax over all passages of a packet and over silence: a question that the record does not answer is turned away from all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.chat.learned import SHARP

Question = tuple[np.ndarray, np.ndarray, np.ndarray]
"""A question's vector (384,), its packet's passages' (n, 384), the places that answer it (none where the record is silent)."""
EPOCHS, BATCH, RATE, DECAY, DROPPED = 6, 16, 1e-3, 0.1, 0.3
SILENCE = 5.0
"""Where the odds of silence begin; they are learned."""
WARM, SPEED = 0.1, 30.0


def learn_turn(asked: Sequence[Question], seed: int = 0) -> dict[str, np.ndarray]:
    """`turn_weights` (384, 384), `turn_bias` (384,) and `turn_silence` (1,): AdamW over shuffled batches, the same each time."""
    rng = np.random.default_rng(seed)
    known = [np.zeros((384, 384)), np.zeros(384), np.array([SILENCE])]
    first, second = ([np.zeros_like(a) for a in known] for _ in range(2))
    steps = EPOCHS * -(-len(asked) // BATCH)
    for step, batch in enumerate(_batches(asked, rng), 1):
        rate = RATE * min(1, step / (WARM * steps)) * (1 - step / steps)
        found = [sum(parts) / len(batch) for parts in zip(*(_slope(one, known, rng) for one in batch), strict=True)]
        for n, slope in enumerate(found):
            first[n] += 0.1 * (slope - first[n])
            second[n] += 0.001 * (slope**2 - second[n])
            moved = first[n] / (1 - 0.9**step) / (np.sqrt(second[n] / (1 - 0.999**step)) + 1e-8)
            known[n] = known[n] - rate * (SPEED * moved if n == 2 else moved + DECAY * known[n])
    return dict(zip(("turn_weights", "turn_bias", "turn_silence"), known, strict=True))


def _batches(asked: Sequence[Question], rng: np.random.Generator) -> Iterator[list[Question]]:
    for _ in range(EPOCHS):
        order = rng.permutation(len(asked))
        for at in range(0, len(order), BATCH):
            yield [asked[i] for i in order[at : at + BATCH]]


def _slope(one: Question, known: Sequence[np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradient of one question's loss: minus the logarithm of what its right passages, or silence, get together."""
    vector, passages, right = one
    kept = vector * (rng.random(len(vector)) >= DROPPED) / (1 - DROPPED)
    odds = np.append(SHARP * (passages @ (vector + known[0] @ kept + known[1])), known[2])
    likely = np.exp(odds - odds.max())
    likely /= likely.sum()
    gold = np.zeros_like(likely)
    places = right if len(right) else np.array([-1])
    gold[places] = likely[places] / max(likely[places].sum(), 1e-12)
    away = SHARP * (passages.T @ (likely - gold)[:-1])
    return np.outer(away, kept), away, (likely - gold)[-1:]
