"""One packet as a conversation sees it: its screening, its passages, and an index over them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from criteria.policy import Policy, load_policy
from extractors.dates import document_date
from extractors.document import Excerpt, Page, excerpt
from extractors.errors import UserError
from extractors.finding import Finding
from extractors.identity import packet_identity
from extractors.procedures import find_trials, trial_days
from extractors.stream import Pages
from extractors.structure import segments
from pipeline.chat import embed
from pipeline.chat.kinds import held
from pipeline.chat.lexicon import spelled_out, stems
from pipeline.chat.passages import Passage, passages
from pipeline.chat.retrieve import Index
from pipeline.record import Record, folder_of, recall


@dataclass(eq=False)
class PacketView:
    """A screened packet. Excerpts have an id: "P12" is passage 12, "I.B.8-2" the second excerpt of criterion I.B.8."""

    packet_id: str
    screening: Mapping[str, Any]
    record: Record
    vectors_at: Path | None = None
    excerpts: dict[str, Excerpt] = field(default_factory=dict)

    @cached_property
    def policy(self) -> Policy:
        return load_policy(self.screening["policy"])

    @cached_property
    def criteria(self) -> dict[str, Mapping[str, Any]]:
        return {c["id"]: c for c in self.screening["criteria"]}

    @cached_property
    def facts(self) -> dict[str, tuple[str, ...]]:
        """Fact kind to the criteria of this packet's pathway that ask for it."""
        out: dict[str, list[str]] = {}
        for criterion in self.policy.criteria:
            if criterion.id in self.criteria or not self.criteria:
                for fact in _facts(criterion.test):
                    out.setdefault(fact, []).append(criterion.id)
        return {fact: tuple(ids) for fact, ids in out.items()}

    def counterparts(self, name: str) -> tuple[str, ...]:
        """The criteria of this packet's pathway that ask for the same facts as one of another pathway."""
        asked = (fact for criterion in self.policy.criteria if criterion.id == name for fact in _facts(criterion.test))
        return tuple(dict.fromkeys(c for fact in asked for c in self.facts.get(fact, ()) if c in self.criteria))

    @cached_property
    def foreign(self) -> frozenset[tuple[str, int]]:
        return frozenset(
            (f["document_id"], f["page"]) for f in self.screening["flags"] if f["kind"] == "foreign_patient_page" and f["page"]
        )

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        return passages(self.record.documents, self.foreign)

    @cached_property
    def pages(self) -> dict[tuple[str, int], Page]:
        return {(d.document_id, p.number): p for d in self.record.documents for p in d.pages}

    @cached_property
    def own(self) -> tuple[tuple[str, Pages, str | None], ...]:
        """Each document's id, its readable pages that are the patient's with their segments, and its date: what a reader of facts takes."""
        return tuple(
            (d.document_id, [(p, segments(p)) for p in d.pages if p.readable and (d.document_id, p.number) not in self.foreign], document_date(d))
            for d in self.record.documents
        )

    @cached_property
    def trial(self) -> tuple[Finding, ...]:
        """What tells of the trial, the earliest day first; nothing where none is dated."""
        told = [f for document in self.own for f in find_trials(*document) if f.date]
        days = trial_days(told)
        return tuple(sorted((f for f in told if f.date in days), key=lambda f: f.date or ""))

    @cached_property
    def own_names(self) -> frozenset[str]:
        """Stems of the patient's name, which tell nothing apart within the packet."""
        return frozenset(stems(packet_identity(self.record.documents).name or ""))

    @cached_property
    def authors(self) -> frozenset[str]:
        """Stems of the names of those who wrote the record."""
        return frozenset(w for p in self.passages for w in stems(p.author or ""))

    @cached_property
    def proofs(self) -> dict[int, frozenset[str]]:
        """Passage (its place) to the kinds of facts that the screening cites it for."""
        out: dict[int, set[str]] = {}
        for criterion in self.criteria.values():
            for item in criterion["evidence"]:
                for p in self.passages:
                    if p.meets(item["document_id"], item["page"], item["start"], item["end"]):
                        out.setdefault(p.place, set()).add(item.get("finding", ""))
        return {place: frozenset(kinds) for place, kinds in out.items()}

    @cached_property
    def kinds(self) -> np.ndarray:
        """Which kinds of things each passage holds (`kinds.held`)."""
        return held(p.said for p in self.passages)

    @cached_property
    def index(self) -> Index:
        return Index(self.passages, _vectors(self.passages, self.vectors_at))

    def cut(self, passage: Passage) -> Excerpt:
        return self.show(f"P{passage.place}", excerpt(passage.document_id, self.pages[passage.document_id, passage.page], passage.start, passage.end))

    def show(self, name: str, found: Excerpt) -> Excerpt:
        self.excerpts[name] = found
        return found

    def find(self, name: str) -> Excerpt | None:
        """The excerpt of an id, whether or not it was shown in this process."""
        if name in self.excerpts:
            return self.excerpts[name]
        if re.fullmatch(r"P\d+", name) and int(name[1:]) < len(self.passages):
            return self.cut(self.passages[int(name[1:])])
        return next((e for n, e in self.evidence(name.rpartition("-")[0]) if n == name), None)

    def evidence(self, criterion: str) -> Iterator[tuple[str, Excerpt]]:
        """The excerpts of a criterion in the screening's order, with their ids."""
        for n, item in enumerate(self.criteria.get(criterion, {}).get("evidence", ()), 1):
            page = self.pages.get((item["document_id"], item["page"]))
            if page is not None and page.text[item["start"] : item["end"]] == item["quote"]:
                name = f"{criterion}-{n}"
                yield name, self.show(name, excerpt(item["document_id"], page, item["start"], item["end"]))

    def sides(self, criterion: str) -> dict[str, Mapping[str, Any]]:
        """The first evidence that supports a criterion, and the first that contradicts it, by stance."""
        return {e["stance"]: e for e in reversed(self.criteria[criterion]["evidence"]) if e["stance"] != "context"}

    def at(self, found: Excerpt) -> Passage | None:
        """The passage that an excerpt lies in."""
        return next((p for p in self.passages if p.meets(found.document_id, found.page, found.start, found.end)), None)


def view_of(workspace: Path, packet_id: str, screening: Mapping[str, Any]) -> PacketView:
    """A packet whose screening is at hand. Raises UserError when its pages are not in the workspace."""
    return PacketView(packet_id, screening, recall(workspace, packet_id), folder_of(workspace, packet_id) / "vectors.npz")


def open_packet(workspace: Path, packet_id: str) -> PacketView:
    """A packet of a workspace. Raises UserError when it was not screened there."""
    try:
        screening = json.loads((workspace / "screenings" / f"{packet_id}.json").read_text("utf-8"))
    except OSError:
        known = sorted(p.stem for p in (workspace / "screenings").glob("*.json"))
        some = f"; there are {', '.join(known[:8])}{' ...' if len(known) > 8 else ''}" if known else "; run `chartproof screen` first"
        raise UserError(f"{workspace}: no screening of packet {packet_id!r}{some}") from None
    return view_of(workspace, packet_id, screening)


def _facts(condition: Any) -> Iterator[str]:
    fact = getattr(condition, "fact", None)
    if isinstance(fact, str):
        yield fact
    for name in ("parts", "ways"):
        for part in getattr(condition, name, ()) or ():
            yield from _facts(part)


def _vectors(found: tuple[Passage, ...], at: Path | None) -> np.ndarray:
    """Vectors of the passages, kept beside the pages: made once, at the first question."""
    texts = [spelled_out(f"{p.heading}: {p.said}" if p.heading else p.said) for p in found]
    known: dict[str, np.ndarray] = {}
    if at is not None and at.exists():
        with np.load(at, allow_pickle=False) as stored:
            known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    new = [t for t in dict.fromkeys(texts) if t not in known]
    if new:
        known.update(zip(new, embed.vectors(new), strict=True))
        if at is not None:
            part = at.with_name(f".{at.name}.part.npz")
            np.savez_compressed(part, texts=np.array(list(known)), vectors=np.stack(list(known.values())).astype(np.float16))
            part.replace(at)
    return np.stack([known[t] for t in texts]).astype(np.float32) if texts else np.zeros((0, 384), np.float32)
