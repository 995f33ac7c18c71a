"""A finding: one fact stated by one excerpt, and which rule read it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape

from extractors.document import Excerpt
from extractors.markup import marked


@dataclass(frozen=True, slots=True)
class Assertion:
    """In what mode the words stand. A finding is usable as evidence only when `plain`."""

    negated: bool = False
    historical: bool = False
    hypothetical: bool = False
    family: bool = False
    uncertain: bool = False
    quoted: bool = False
    """Payer, guideline, consent or education wording, or an unanswered prompt."""
    retracted: bool = False
    """The record takes the statement back: made in error, another patient's, withdrawn, corrected."""

    @property
    def plain(self) -> bool:
        return not (self.hypothetical or self.family or self.uncertain or self.quoted or self.retracted)


@dataclass(frozen=True, slots=True)
class Finding:
    """What `excerpt` states: fact `kind` has `value`.

    `kind` and a word `value` come from `extractors/facts.yaml`; a number has its `unit`. Negation is
    already folded into `value` ("no infection" is infection = absent). `date` is the ISO date the
    statement speaks of, its document's date if it names none, else None. `score` is the
    reader's trust, 0 to 1. A finding computed from others lists their excerpts as `operands` and
    shows the arithmetic in `derivation`.
    """

    kind: str
    value: str | float | None
    excerpt: Excerpt
    rule: str
    assertion: Assertion = Assertion()
    unit: str | None = None
    date: str | None = None
    score: float = 1.0
    attributes: Mapping[str, object] = field(default_factory=dict)
    operands: tuple[Excerpt, ...] = ()
    derivation: str | None = None

    @property
    def said(self) -> str:
        """The fact in short: "infection = absent", "opioid_dose = 60 MME/day"."""
        value = f"{self.value:g}" if isinstance(self.value, float) else self.value
        return f"{self.kind} = {value}{f' {self.unit}' if self.unit else ''}"

    def _repr_html_(self) -> str:
        """The fact, where it stands and how it was read, and its words."""
        modes = ", ".join(name for name, on in asdict(self.assertion).items() if on)
        place = f"{self.excerpt.document_id}, page {self.excerpt.page}"
        parts = [place, self.date or "", self.rule, f"score {self.score:.2f}", modes, self.derivation or ""]
        quote = marked(self.excerpt.quote, [(0, len(self.excerpt.quote), self.said)])
        return f"<div><b>{escape(self.said)}</b> · {escape(' · '.join(p for p in parts if p))}<br>{quote}</div>"
