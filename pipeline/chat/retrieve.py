"""Which passages speak of a question: words with their clinical synonyms, vectors where there are any, and the structure
of the record (dates, authors, sections, numbers)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np

from extractors.talk import instructs
from pipeline.chat.learned import probabilities, weights
from pipeline.chat.lexicon import common, lexicon, named, stems
from pipeline.chat.passages import Passage

K1, B = 1.2, 0.5
SAME, RELATED = 0.85, 0.5
MEANING = 0.3
"""Weight of the vectors beside the words."""
LEADING = 60
"""Passages weighed further, by words and by each vector."""
OTHER_TALK = frozenset({"boilerplate", "education", "quoted"})


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that a question names: a word or a phrase, and what else the record may call it."""

    words: tuple[str, ...]
    same: tuple[tuple[str, ...], ...] = ()
    related: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. `days` are ISO days or months ("2026-01"), `names` stems of people named."""

    text: str
    units: tuple[Unit, ...]
    days: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    wants_number: bool = False
    wants_family: bool = False
    foreign: bool = False
    phrases: tuple[str, ...] = ()
    """Words that the question puts in quotation marks."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage and why it was found: `score` 0 to about 1.5, `coverage` the share of the question's weight it names,
    `cosine` of the vectors (0 without)."""

    passage: Passage
    score: float
    coverage: float
    cosine: float


@dataclass(slots=True)
class Index:
    """An index over the passages of one packet; `matrix` holds their unit vectors, shape (n, 384)."""

    passages: tuple[Passage, ...]
    matrix: np.ndarray
    said: list[list[str]] = field(default_factory=list)
    around: list[list[str]] = field(default_factory=list)
    spots: dict[str, set[int]] = field(default_factory=dict)
    mean: float = 1.0
    about: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.said = [stems(p.said) for p in self.passages]
        self.around = [stems(f"{p.heading} {p.document_id.replace('_', ' ')}") for p in self.passages]
        for i, words in enumerate(self.said):
            for word in set(words):
                self.spots.setdefault(word, set()).add(i)
        for i, words in enumerate(self.around):
            for word in set(words):
                self.spots.setdefault(word, set()).add(i)
        self.mean = sum(map(len, self.said)) / max(len(self.said), 1) or 1.0

    def search(self, query: Query, *meanings: np.ndarray) -> list[Hit]:
        """The passages nearest to the query in words, best first, then those nearest to each of `meanings` (unit vectors)."""
        n = len(self.passages)
        lexical, covered = np.zeros(n), np.zeros(n)
        total = 0.0
        for unit in query.units:
            weight, scores, cover = self._unit(unit)
            total += weight
            lexical += scores
            covered += weight * cover
        coverage = covered / total if total else covered
        cosines = [self.matrix @ meaning for meaning in meanings]
        cosine = cosines[0] if cosines else np.zeros(n)
        strength = lexical / (lexical + 3.0)
        score = 0.8 * strength + 0.35 * coverage + MEANING * np.clip(cosine - 0.25, 0, 1)
        for i, p in enumerate(self.passages):
            if query.phrases and any(" ".join(w) in " ".join(self.said[i]) for w in map(stems, query.phrases)):
                score[i] += 0.7
                coverage[i] = 1.0
            if score[i] > 0:
                score[i] *= self._fit(p, query)
        own = np.array([p.foreign == query.foreign for p in self.passages])
        order = [i for i in np.argsort(-score, kind="stable")[:LEADING] if score[i] > 0.02]
        near = [i for c in cosines for i in np.argsort(-np.where(own, c, -1.0), kind="stable")[:LEADING] if own[i]]
        return [Hit(self.passages[i], float(score[i]), float(coverage[i]), float(cosine[i])) for i in dict.fromkeys([*order, *near])]

    def alike(self, topics: Mapping[str, float]) -> np.ndarray:
        """How far each passage is about what a question is about, 0 to 1: the topic that both are likeliest to share, shape (n,)."""
        if self.about is None:
            self.about = probabilities("topics", self.matrix)
        return np.sqrt(self.about * np.array([topics[str(name)] for name in weights()["topics_labels"]])).max(1, initial=0.0)

    def names(self, unit: Unit) -> bool:
        """Whether the record names a thing anywhere, by any of its words."""
        return bool(self._spots(unit.words) or self._any(unit.same))

    def says(self, word: str) -> bool:
        """Whether a stem stands anywhere in the record, where nobody tells the reader what to do."""
        return any(not instructs(self.passages[i].said) for i in self.spots.get(word, ()))

    def _unit(self, unit: Unit) -> tuple[float, np.ndarray, np.ndarray]:
        n = len(self.passages)
        exact = self._spots(unit.words)
        same, related = self._any(unit.same), self._any(unit.related)
        scores, cover = np.zeros(n), np.zeros(n)
        weight = self._idf(len(exact.keys() | same.keys()))
        if unit.words[0] in common():
            weight *= 0.5 if exact or same else 0.2
        for found, share, seen in ((related, RELATED, 0.3), (same, SAME, 0.9), (exact, 1.0, 1.0)):
            rarity = self._idf(len(found)) if found is related else weight
            for i, count in found.items():
                scores[i] = max(scores[i], share * rarity * self._saturated(i, count))
                cover[i] = seen
        return weight, scores, cover

    def spelled(self, word: str) -> str:
        """The word as the packet or the lexicon spells it: a slip of a letter, or the word that an abbreviation begins."""
        if word in self.spots or word in named() or word in common() or not word.isalpha() or len(word) < 4:
            return word
        near = [w for w in self.spots.keys() | named() if w[:1] == word[:1] and w.isalpha() and abs(len(w) - len(word)) <= 2]
        close = get_close_matches(word, sorted(near), 1, 0.82) if len(word) >= 5 else []
        begun = sorted((w for w in self.spots if w.startswith(word)), key=lambda w: (-len(self.spots[w]), w))
        return (close or begun or [word])[0]

    def _any(self, phrases: tuple[tuple[str, ...], ...]) -> dict[int, float]:
        found: dict[int, float] = {}
        for phrase in phrases:
            for i, count in self._spots(phrase).items():
                found[i] = max(found.get(i, 0), count)
        return found

    def _idf(self, found: int) -> float:
        n = len(self.passages)
        return math.log(1 + (n - found + 0.5) / (found + 0.5))

    def _saturated(self, i: int, count: float) -> float:
        return count * (K1 + 1) / (count + K1 * (1 - B + B * len(self.said[i]) / self.mean))

    def _spots(self, words: tuple[str, ...]) -> dict[int, float]:
        if not words:
            return {}
        places = set.intersection(*(self.spots.get(w, set()) for w in words))
        if len(words) == 1:
            word = words[0]
            return {i: self.said[i].count(word) or 0.5 for i in places}
        n = len(words)
        return {i: 1.0 for i in places if any(tuple(self.said[i][k : k + n]) == words for k in range(len(self.said[i]) - n + 1))}

    def _fit(self, p: Passage, query: Query) -> float:
        fit = 1.0
        if p.foreign != query.foreign:
            return 0.0
        if p.marks & OTHER_TALK:
            fit *= 0.55
        if "family" in p.marks and not query.wants_family:
            fit *= 0.6
        if "unanswered" in p.marks:
            fit *= 0.7
        if p.kind == "heading":
            fit *= 0.5
        if query.wants_number and not any(c.isdigit() for c in p.said):
            fit *= 0.85
        if query.days and any(day_fits(d, p) for d in query.days):
            fit *= 1.25
        if query.names and names_fit(query.names, p):
            fit *= 1.15
        return fit


def names_fit(names: frozenset[str], p: Passage) -> bool:
    """Whether a passage was written by, or stands in a document named after, one of `names` (stems)."""
    return bool(names & set(stems(f"{p.author or ''} {p.document_id.replace('_', ' ')}")))


def day_fits(day: str, p: Passage) -> bool:
    return bool((p.date and p.date.startswith(day)) or (p.document_date and p.document_date.startswith(day)))


def units(words: Iterable[str]) -> tuple[Unit, ...]:
    """A question's stems as units, phrases of the lexicon kept together."""
    words = list(words)
    out: list[Unit] = []
    at = 0
    known = lexicon()
    phrases = {p for part in (known.same, known.related) for group in part.values() for p in group}
    while at < len(words):
        size = next((n for n in (3, 2) if tuple(words[at : at + n]) in phrases and at + n <= len(words)), 1)
        term = tuple(words[at : at + size])
        same = {p for group in known.same.values() if term in group for p in group} - {term}
        related = {p for group in known.related.values() if term in group for p in group} - {term} - same
        out.append(Unit(term, tuple(sorted(same)), tuple(sorted(related))))
        at += size
    return tuple(dict.fromkeys(out))


def best(hits: Sequence[Hit], most: int, share: float = 0.75) -> list[Hit]:
    """The leading hits: at most `most`, none under `share` of the first one's score."""
    return [h for h in hits[:most] if h.score >= share * hits[0].score] if hits else []
