"""The closed list of facts (extractors/facts.yaml), as the policy and the rationale need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from extractors.rules import parsed


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: what it is about, the meaning of each word it can have, the unit of its number."""

    kind: str
    about: str
    values: Mapping[str, str]
    unit: str | None


@cache
def facts() -> Mapping[str, Fact]:
    """Every fact by its kind."""
    text = files("extractors").joinpath("facts.yaml").read_text(encoding="utf-8")
    return {
        kind: Fact(kind, entry["about"], entry.get("values") or {}, entry.get("number"))
        for kind, entry in parsed(text).items()
    }
