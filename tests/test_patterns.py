"""Patterns tried only where they can match find what they find when tried everywhere."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import extractors
from extractors.cues import _lists, _pattern
from extractors.opioids import formulary
from extractors.patterns import Rare, rare
from extractors.request_words import NO_PATTERNS, cues

CASES = Path(__file__).parents[1] / "fixtures" / "cases"


def shipped() -> Iterator[Rare]:
    """Every such pattern of the program: those of its modules, and those made of rule files."""
    for module in pkgutil.iter_modules(extractors.__path__, "extractors."):
        if not module.ispkg:
            yield from (v for v in vars(importlib.import_module(module.name)).values() if isinstance(v, Rare))
    yield from (formulary().pattern, formulary().others)
    yield from (_pattern(name, "") for name in _lists(""))
    yield from (p for key, patterns in cues().items() if key not in NO_PATTERNS for p in patterns)


def sentences() -> list[str]:
    """Lines as they are, in capitals, and with a letter beyond ASCII, for which the quick way is not taken."""
    texts = [path.read_text("utf-8") for path in sorted(CASES.glob("*/*.md"))[::9]]
    lines = list(dict.fromkeys(line for text in texts for line in text.splitlines() if line.strip()))
    return [*lines, *(line.upper() for line in lines[::7]), *(f"{line} ≥" for line in lines[::7])]


def test_nothing_is_lost() -> None:
    patterns, found = list(dict.fromkeys(shipped())), 0
    assert len(patterns) > 60
    for text in sentences():
        for quick in patterns:
            spans = [m.span() for m in quick.pattern.finditer(text)]
            assert [m.span() for m in quick.finditer(text)] == spans, quick.pattern.pattern
            assert bool(quick.search(text)) == bool(spans)
            found += len(spans)
    assert found > 1000


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        (r"\btrials?\b", {"trial"}),
        (r"(?:no|without any)\s+relief", {"relief"}),
        (r"(?:Feb(?:ruary)?|March)\b", {"feb", "march"}),
        (r"(?:pump)?\s*fill", {"fill"}),
        (r"\d+\s*%", {"%"}),
        (r"a(?!b)c|xyz", {"xyz", "a"}),
        (r"\w+\s*", set()),
        (r"(?:daily|\w)\b", set()),
        (r"→|->", {"→", "->"}),
        (r"(?:test|test dose)\b", {"test"}),
    ],
)
def test_what_a_pattern_needs_is_read_from_it(pattern: str, needed: set[str]) -> None:
    assert set(rare(pattern, re.I).needed) == needed


def test_a_pattern_that_says_nothing_is_tried_everywhere() -> None:
    assert rare(r"\w{3}").search("is the")
