"""medspaCy's only door: concepts, and the context they stand in (negated, historical, hypothetical, family, uncertain).

medspaCy's matchers find the concepts and the cues of context.yaml, one matcher for each kind of assertion, so that
"no history of" is at once negated and historical. How far a cue reaches is followed here: ConText leaves a scope of
limited length uncut by the words that end it, and lets a cue within a concept change that concept (its overlap test
misses a span that lies inside another). Each text is one small doc of one sentence: stock pipelines compare every
modifier with every target of a whole note, which is quadratic, and log the note's words to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

from loguru import logger

from extractors.finding import Assertion
from extractors.rules import own_text, rules

logger.disable("PyRuSH")  # it would print every token of a note

# What is imported along and not used costs half a second: medspacy.util brings QuickUMLS (and NLTK with it), spacy
# its command line (and HTTP clients). Empty modules stand for them until the import is done.
_unused = {"quickumls": "spacy_component", "spacy.cli": "info", "spacy.cli.info": "info"}
_empty = {name: ModuleType(name) for name in _unused if name not in sys.modules}
for _name, _module in _empty.items():
    setattr(_module, _unused[_name], None)
sys.modules.update(_empty)

import spacy  # noqa: E402
from medspacy.common.medspacy_matcher import MedspacyMatcher  # noqa: E402
from medspacy.context import ConTextRule  # noqa: E402
from medspacy.target_matcher import TargetMatcher, TargetRule  # noqa: E402

for _name in _empty:
    del sys.modules[_name]
from spacy.language import Language  # noqa: E402
from spacy.tokens import Doc  # noqa: E402

MODES = ("negated", "historical", "hypothetical", "family", "uncertain")
FORWARD = ("before", "around", "phrase", "heading")
BACKWARD = ("after", "around", "closing")
STOPS = {"phrase": ("end", "comma"), "heading": ("section",)}
"""What ends a cue of a kind; every other kind ends at the `ends` of its assertion."""
TARGETS = "concepts"

Cue = tuple[int, int, str, int | None]
"""First token, token after the last, kind of cue, reach in words."""


def assertions(text: str, concepts: Sequence[tuple[int, int]]) -> list[Assertion]:
    """How each concept, given by its (start, end) in one sentence, is asserted."""
    doc, starts = _doc(text)
    cues = _cues(doc)
    found = []
    for start, end in concepts:
        held = [i for i, at in enumerate(starts) if at < end and at + len(doc[i]) > start]
        found.append(_assertion(doc, held[0], held[-1] + 1, cues) if held else Assertion())
    return found


def concepts(text: str) -> dict[str, list[Assertion]]:
    """Kind of fact -> how each of its concepts in one sentence is asserted; kinds without a concept are left out."""
    return _concepts(text, own_text("concepts.yaml"), own_text("context.yaml"))


@lru_cache(1024)
def _concepts(text: str, own: str, _context: str) -> dict[str, list[Assertion]]:
    doc, _ = _doc(text)
    doc.spans[TARGETS] = []
    _targets(own)(doc)
    if not doc.spans[TARGETS]:
        return {}
    cues = _cues(doc)
    found: dict[str, list[Assertion]] = {}
    for span in doc.spans[TARGETS]:
        for kind in _kinds(own)[span.text.lower()]:
            found.setdefault(kind, []).append(_assertion(doc, span.start, span.end, cues))
    return found


def _doc(text: str) -> tuple[Doc, list[int]]:
    """The words of a sentence without its white space, and a full stop after them; where each word starts in `text`."""
    tokens = [token for token in _nlp().make_doc(text) if not token.is_space]
    ends = [token.idx + len(token) for token in tokens]
    spaces = [text[end : end + 1].isspace() for end in ends]
    return Doc(_nlp().vocab, [token.text for token in tokens] + ["."], [*spaces, False]), [t.idx for t in tokens]


def _cues(doc: Doc) -> dict[str, list[Cue]]:
    found: dict[str, list[Cue]] = {}
    for mode, matcher in _matchers(own_text("context.yaml")).items():
        matched = [(start, end, matcher.rule_map[doc.vocab.strings[match]]) for match, start, end in matcher(doc)]
        found[mode] = [(start, end, rule.category.lower(), rule.max_scope) for start, end, rule in matched]
    return found


def _assertion(doc: Doc, first: int, last: int, cues: dict[str, list[Cue]]) -> Assertion:
    """How the concept of tokens `first` to `last` (exclusive) is asserted."""
    held = {mode: any(_reaches(cue, first, last, cues[mode]) for cue in cues[mode]) for mode in MODES}
    named = any(start == first and end < last and kind in FORWARD for start, end, kind, _ in cues["historical"])
    held["historical"] |= named or _by_nature(doc, first, last)
    return Assertion(**held)


def _reaches(cue: Cue, first: int, last: int, cues: Sequence[Cue]) -> bool:
    """Whether a cue's scope holds the concept: near enough, and nothing that ends it stands between or opens the concept.

    A pseudo cue that runs into the concept is a cue: "no relief" says nothing of the pain, but denies relief.
    """
    start, end, kind, within = cue
    if kind in FORWARD and start < first or kind == "pseudo" and start < first < end:
        low, high = end, first
    elif kind in BACKWARD and last < end:
        low, high = last, start
    else:
        return False
    if within is not None and high - low >= within:
        return False
    stops = STOPS.get(kind, ("end",))
    return not any(low <= at <= high and other in stops for at, _, other, _ in cues)


def _by_nature(doc: Doc, first: int, last: int) -> bool:
    """A habit or an allergy, or a lasting condition that stands alone."""
    data = context_data()["by_nature"]
    words = {token.lower_ for token in doc[first:last] if token.is_alpha}
    if words and words <= set(data["background"]):
        return True
    alone = not any(token.is_alpha for token in [*doc[:first], *doc[last:]])
    name = doc[first:last].text.lower()
    return alone and "acute" not in words and any(condition in name for condition in data["lasting"])


@cache
def _nlp() -> Language:
    return spacy.blank("en")


@cache
def _matchers(own: str) -> dict[str, MedspacyMatcher]:
    """One matcher of cues for each kind of assertion; of cues that overlap, the longest of its kind counts."""
    matchers = {mode: MedspacyMatcher(_nlp()) for mode in MODES}
    for mode, matcher in matchers.items():
        matcher.add(list(_rules(_file("context.yaml", own), mode)))
    return matchers


def context_data() -> dict[str, Any]:
    """The cues of context.yaml, a user's own included."""
    return _file("context.yaml", own_text("context.yaml"))


def concept_data() -> dict[str, Any]:
    """The words of concepts.yaml and its examples, a user's own included."""
    return _file("concepts.yaml", own_text("concepts.yaml"))


@cache
def _file(name: str, own: str) -> dict[str, Any]:
    return rules(name, own)


@cache
def _targets(own: str) -> TargetMatcher:
    matcher = TargetMatcher(_nlp(), rules=None, result_type="group", span_group_name=TARGETS)
    matcher.add([TargetRule(word, "CONCEPT") for word in _kinds(own)])
    return matcher


@cache
def _kinds(own: str) -> dict[str, tuple[str, ...]]:
    """Concept word -> the kinds of facts that it may be about."""
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, entry in _file("concepts.yaml", own).items():
        for word in entry["words"] if kind != "examples" else ():
            kinds[word] = (*kinds.get(word, ()), kind)
    return kinds


def _rules(data: dict[str, Any], mode: str) -> Iterator[ConTextRule]:
    """The rules of one kind of assertion; a rule's category is the kind of its cue."""
    within = data["within"].get(mode, {})
    for kind, cues in data[mode].items():
        for cue in map(str, cues):
            for words in [f"{cue}{stop}" for stop in ".,;"] if kind == "closing" else [cue]:
                yield _rule(words, kind, within.get(cue))
    for cue in data["pseudo"].get(mode, ()):
        yield _rule(cue, "pseudo")
    for cue in data["ends"][mode]:
        yield _rule(cue, "end")
    for cue in data["sections"]:
        yield _rule(cue, "section")
    if "phrase" in data[mode]:
        yield _rule(",", "comma")


def _rule(words: str, kind: str, within: int | None = None) -> ConTextRule:
    pattern = None
    if "#" in words:
        pattern = [{"LIKE_NUM": True} if word == "#" else {"LOWER": word} for word in words.lower().split()]
    return ConTextRule(words, kind, pattern=pattern, max_scope=within)
