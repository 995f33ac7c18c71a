"""What was learned from labelled questions (`train.py`): what a question is about, how it asks, which passage answers it, and
whether any does. Linear models over sentence vectors and over a few measures of a passage; their weights are `learned.npz`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np

SHARP = 15.0
"""Odds of a passage per unit of its cosine to a turned question."""


@cache
def weights() -> Mapping[str, np.ndarray]:
    """The arrays of learned.npz: per model NAME its `NAME_weights` and `NAME_bias`, and `NAME_labels` where it has several outputs."""
    with files("pipeline.chat").joinpath("learned.npz").open("rb") as stored, np.load(stored, allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float64) if arrays[name].dtype.kind == "f" else arrays[name] for name in arrays.files}


def probabilities(model: str, given: np.ndarray) -> np.ndarray:
    """Probabilities of a model's outputs for `given`, shape (..., features)."""
    known = weights()
    return 1 / (1 + np.exp(-(given @ known[f"{model}_weights"] + known[f"{model}_bias"])))


def labelled(model: str, given: np.ndarray) -> dict[str, float]:
    """Label to probability, for one vector."""
    return dict(zip(weights()[f"{model}_labels"].tolist(), probabilities(model, given).tolist(), strict=True))


def turned(vector: np.ndarray) -> np.ndarray:
    """A question's vector turned toward the passages that answer it (`turning.py`), shape (384,), not of unit length."""
    known = weights()
    return np.asarray(vector + known["turn_weights"] @ vector + known["turn_bias"])


def heard(cosines: np.ndarray) -> float:
    """Odds that some passage answers beside none, given the cosines of all passages to a turned question."""
    return float(np.logaddexp.reduce(SHARP * cosines, initial=-np.inf) - weights()["turn_silence"][0])
