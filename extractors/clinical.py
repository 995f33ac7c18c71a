"""medspaCy's only door: concepts, and the context they stand in (negated, historical, hypothetical, family, uncertain).

Each text is one small doc of one sentence: stock pipelines compare every modifier with every target of a
whole note, which is quadratic, and split sentences with PyRuSH, which logs the note's words to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from types import ModuleType
from typing import Any

import yaml
from loguru import logger

logger.disable("PyRuSH")  # it would print every token of a note

# medspacy.util imports QuickUMLS, whose component is not used here, for a second of start-up (NLTK comes with it)
_unused = sys.modules.setdefault("quickumls", ModuleType("quickumls"))
if not hasattr(_unused, "spacy_component"):
    _unused.spacy_component = None  # type: ignore[attr-defined]

import spacy  # noqa: E402
from medspacy.context import ConText, ConTextRule  # noqa: E402
from medspacy.target_matcher import TargetMatcher, TargetRule  # noqa: E402

if _unused.__spec__ is None:
    del sys.modules["quickumls"]
from spacy.language import Language  # noqa: E402
from spacy.tokens import Doc, Span  # noqa: E402

from extractors.finding import Assertion  # noqa: E402

CATEGORY = {
    "negated": "NEGATED_EXISTENCE",
    "historical": "HISTORICAL",
    "hypothetical": "HYPOTHETICAL",
    "family": "FAMILY",
    "uncertain": "POSSIBLE_EXISTENCE",
}
DIRECTION = {"before": "FORWARD", "after": "BACKWARD", "around": "BIDIRECTIONAL"}
TARGETS = "concepts"


def assertions(text: str, concepts: Sequence[tuple[int, int]]) -> list[Assertion]:
    """How each concept, given by its (start, end) in one sentence, is asserted."""
    nlp, context = _pipeline()
    doc = nlp.make_doc(text)
    spans = [_span(doc, start, end) for start, end in concepts]
    doc.spans[TARGETS] = [s for s in spans if s is not None]
    for token in doc:
        token.is_sent_start = token.i == 0
    context(doc)
    return [_assertion(span) for span in spans]


@lru_cache(1024)
def concepts(text: str) -> dict[str, list[Assertion]]:
    """Kind of fact -> how each of its concepts in one sentence is asserted; kinds without a concept are left out."""
    nlp, context = _pipeline()
    doc = nlp.make_doc(text)
    doc.spans[TARGETS] = []
    _targets()(doc)
    if not doc.spans[TARGETS]:
        return {}
    for token in doc:
        token.is_sent_start = token.i == 0
    context(doc)
    found: dict[str, list[Assertion]] = {}
    for span in doc.spans[TARGETS]:
        for kind in _kinds()[span.text.lower()]:
            found.setdefault(kind, []).append(_assertion(span))
    return found


def _span(doc: Doc, start: int, end: int) -> Span | None:
    return doc.char_span(start, end, label="CONCEPT", alignment_mode="expand")


def _assertion(span: Span | None) -> Assertion:
    if span is None:
        return Assertion()
    found = {modifier.category for modifier in span._.modifiers}
    return Assertion(**{name: category in found for name, category in CATEGORY.items()})


@cache
def _pipeline() -> tuple[Language, ConText]:
    nlp = spacy.blank("en")
    context = ConText(nlp, rules=None, input_span_type="group", span_group_name=TARGETS)
    context.add(list(_rules(context_data())))
    return nlp, context


@cache
def context_data() -> dict[str, Any]:
    """The cues of context.yaml."""
    data: dict[str, Any] = yaml.safe_load(files("extractors").joinpath("context.yaml").read_text("utf-8"))
    return data


@cache
def _targets() -> TargetMatcher:
    matcher = TargetMatcher(_pipeline()[0], rules=None, result_type="group", span_group_name=TARGETS)
    matcher.add([TargetRule(word, "CONCEPT") for word in _kinds()])
    return matcher


@cache
def _kinds() -> dict[str, tuple[str, ...]]:
    """Concept word -> the kinds of facts that it may be about."""
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, entry in concept_data().items():
        for word in entry["words"] if kind != "examples" else ():
            kinds[word] = (*kinds.get(word, ()), kind)
    return kinds


@cache
def concept_data() -> dict[str, Any]:
    """The words of concepts.yaml, and its examples."""
    data: dict[str, Any] = yaml.safe_load(files("extractors").joinpath("concepts.yaml").read_text("utf-8"))
    return data


def _rules(data: dict[str, Any]) -> Iterable[ConTextRule]:
    """medspaCy's own TERMINATE ends every category's scope ("Mother has ..." lost her), so each end is a
    category by itself, and a cue names those that end it."""
    for name, category in CATEGORY.items():
        within = data["within"].get(name, {})
        ends = {_end(cue) for cue in data["ends"].get(name, ())}
        for place, direction in DIRECTION.items():
            for cue in dict.fromkeys(map(str, data[name].get(place, ()))):
                yield ConTextRule(cue, category, direction=direction, max_scope=within.get(cue), terminated_by=set(ends))
        for cue in data["pseudo"].get(name, ()):
            yield ConTextRule(cue, f"PSEUDO_{category}", direction="PSEUDO")
    for cue in dict.fromkeys(cue for cues in data["ends"].values() for cue in cues):
        yield ConTextRule(cue, _end(cue), direction="PSEUDO")


def _end(cue: str) -> str:
    return f"END {cue}".upper()
