"""Opioids: their names in US records, and daily doses in oral morphine milligram equivalents (MME).

Names and factors are data (`opioids.yaml`, from the CDC 2022 guideline). An opioid without a factor
there (buprenorphine, meperidine, levorphanol ...) has an unknown daily MME, never zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from extractors.patterns import Rare, rare
from extractors.rules import own_text, rules

_FORM = (
    r"(?:\s*[-,]?\s*(?:hcl|sulfate|sulphate|bitartrate|er|sr|cr|xr|la|xl|ir|immediate[- ]release|"
    r"extended[- ]release|long[- ]acting|short[- ]acting|controlled[- ]release|patch(?:es)?|"
    r"transdermal|td|tabs?|tablets?|oral|po|by mouth|liquid|solution|elixir|concentrate|apap|"
    r"/apap|acetaminophen)\b)*"
)
_EXTENDED = re.compile(r"\b(?:er|sr|cr|xr|la|xl|extended|long|controlled)\b", re.I)
_PATCH = re.compile(r"\b(?:patch(?:es)?|transdermal|td)\b", re.I)
_EQUIVALENT = re.compile(r"\s+(?:milligram\s+|mg\s+)?(?:dose\s+)?equivalents?\b", re.I)


@dataclass(frozen=True, slots=True)
class Opioid:
    """One opioid. `factor` is MME per mg, `patch_factor` MME a day per mcg/h; None where the source gives none."""

    name: str
    factor: float | None = None
    patch_factor: float | None = None
    partial_agonist: bool = False
    antagonist: bool = False


@dataclass(frozen=True, slots=True)
class DrugMention:
    """`text[start:end]` names `opioid`, its form included. `strength` in mg where the product's name says it."""

    start: int
    end: int
    opioid: Opioid
    extended: bool
    patch: bool
    strength: float | None


@dataclass(frozen=True, slots=True)
class Formulary:
    """What opioids.yaml holds, ready to search with."""

    source: str
    opioids: dict[str, Opioid]
    names: dict[str, str]
    extended: frozenset[str]
    patches: frozenset[str]
    products: dict[str, float]
    partners: frozenset[float]
    pattern: Rare
    others: Rare


def formulary() -> Formulary:
    """The shipped table, and what a user adds to it."""
    return _formulary(own_text("opioids.yaml"))


@cache
def _formulary(own: str) -> Formulary:
    data = rules("opioids.yaml", own)
    opioids: dict[str, Opioid] = {}
    names: dict[str, str] = {}
    extended: set[str] = set()
    patches: set[str] = set()
    products: dict[str, float] = {}
    for key, entry in data["opioids"].items():
        opioids[key] = Opioid(
            key,
            entry.get("factor"),
            entry.get("patch_factor"),
            entry.get("partial_agonist", False),
            entry.get("antagonist", False),
        )
        for group in ("names", "er", "patch_names", "other_names"):
            names |= {name: key for name in entry.get(group, ())}
        names |= {name: key for name in entry.get("products", ())}
        extended |= set(entry.get("er", ()))
        patches |= set(entry.get("patch_names", ()))
        products |= entry.get("products", {})
    return Formulary(
        data["source"],
        opioids,
        names,
        frozenset(extended),
        frozenset(patches),
        products,
        frozenset(map(float, data["combination_partners"])),
        _any(names, _FORM),
        _any(data["other_drugs"]),
    )


def _any(names: Any, tail: str = "") -> Rare:
    words = sorted((re.escape(name).replace(r"\ ", r"[\s-]+") for name in names), key=len, reverse=True)
    return rare(rf"(?<![\w-])(?P<name>{'|'.join(words)})(?![\w]){tail}", re.I)


def opioids_in(text: str) -> list[DrugMention]:
    """Opioids named in `text`, in reading order, antagonists included."""
    return list(_opioids_in(text, own_text("opioids.yaml")))


@lru_cache(16_384)
def _opioids_in(text: str, own: str) -> tuple[DrugMention, ...]:
    """Kept, as every reader of a document asks for the drugs of every segment."""
    table = _formulary(own)
    found = []
    for match in table.pattern.finditer(text):
        if _EQUIVALENT.match(text, match.end()):
            continue
        name = re.sub(r"[\s-]+", " ", match["name"].lower())
        key = table.names.get(name) or table.names.get(name.replace(" ", "-")) or table.names[match["name"].lower()]
        tail = match[0][len(match["name"]) :]
        found.append(
            DrugMention(
                match.start(),
                match.end(),
                table.opioids[key],
                name in table.extended or bool(_EXTENDED.search(tail)),
                name in table.patches or bool(_PATCH.search(tail)),
                table.products.get(name),
            )
        )
    return tuple(found)


def opioid_part(first: float, second: float) -> float | None:
    """mg of the opioid in a combination written "10/325", "300-30"; None when it is no such pair."""
    partners = formulary().partners
    low, high = min(first, second), max(first, second)
    return low if high in partners and low not in partners else None
