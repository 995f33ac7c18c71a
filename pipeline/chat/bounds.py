"""Questions that are declined: a decision, an opinion, general knowledge, another record, an instruction."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def bounds() -> dict[str, dict[str, Any]]:
    """The kinds of bounds.yaml."""
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(files("pipeline.chat").joinpath("bounds.yaml").read_text("utf-8"))
    return loaded


def declined(question: str) -> str | None:
    """What is said instead of an answer, or None where the record can be asked."""
    for entry, pattern in _compiled():
        if pattern.search(question):
            return str(entry["says"])
    return None


@cache
def _compiled() -> tuple[tuple[dict[str, Any], re.Pattern[str]], ...]:
    return tuple((entry, re.compile(p, re.I)) for entry in bounds().values() for p in entry["patterns"])
