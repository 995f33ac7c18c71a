"""Cue words of the number readers: word lists kept as data in cues.yaml."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml


@cache
def _cues() -> dict[str, list[str]]:
    data: dict[str, list[str]] = yaml.safe_load(files("extractors").joinpath("cues.yaml").read_text("utf-8"))
    return data


def cue(name: str) -> re.Pattern[str]:
    """A pattern that finds any entry of the list `name` as whole words, in any case. KeyError for an unknown name."""
    return re.compile(rf"\b(?:{'|'.join(_cues()[name])})\b", re.I)
