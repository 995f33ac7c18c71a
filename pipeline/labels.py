"""Decisions as records, and what they teach: labelled text for training, gold cases for `chartproof evaluate`.

A decision record is one criterion of one packet as a reviewer left it: the fields of a finished worksheet of the
reviewer's page (criterion, suggested, status, action, reason, note, at, by, excerpts), with the packet_id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from extractors.errors import UserError

Json = Mapping[str, Any]
ACTIONS = ("confirm", "reject", "correct", "agreed")
STATUSES = ("met", "not_met", "insufficient", "conflicting")


@dataclass(frozen=True, slots=True)
class Decided:
    """A reviewer's decision on one criterion. `by` names the reviewers, `at` is ISO time; None: not decided yet."""

    packet_id: str
    criterion: str
    suggested: str
    status: str
    action: str
    reason: str = ""
    note: str = ""
    at: str | None = None
    by: tuple[str, ...] = ()
    excerpts: tuple[Json, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the reviewer's status is another than the suggested one."""
        return self.status != self.suggested


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]`, in Unicode code points, states `label` ("infection=absent", or a criterion)."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with the spans that state something. `meta` says where it is from: packet, document, page."""

    id: str
    text: str
    spans: tuple[Span, ...]
    meta: Json


def read_decisions(path: Path) -> tuple[Decided, ...]:
    """Decisions from JSON lines: a record per criterion, or a finished worksheet (packet_id and criteria) per line."""
    found: list[Decided] = []
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); name a file of decisions") from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found += decisions_in(json.loads(line))
        except (ValueError, KeyError, TypeError):
            raise UserError(f"{path}:{number}: not a decision; each needs packet_id, criterion, suggested, status") from None
    return tuple(found)


def decisions_in(record: Json) -> list[Decided]:
    """The decisions of one record, or of one finished worksheet. Raises KeyError or ValueError for another shape."""
    entries = record["criteria"] if "criteria" in record else [record]
    return [_decided(record["packet_id"], entry) for entry in entries]


def latest(decisions: Iterable[Decided]) -> dict[tuple[str, str], Decided]:
    """The last decision on each packet's criterion."""
    return {(d.packet_id, d.criterion): d for d in decisions}


def _decided(packet_id: str, entry: Json) -> Decided:
    if entry["status"] not in STATUSES or entry["suggested"] not in STATUSES:
        raise ValueError(entry["criterion"])
    return Decided(
        packet_id,
        entry["criterion"],
        entry["suggested"],
        entry["status"],
        entry.get("action") or ("confirm" if entry["status"] == entry["suggested"] else "correct"),
        entry.get("reason") or "",
        entry.get("note") or "",
        entry.get("at"),
        tuple(entry.get("by") or ()),
        tuple(entry.get("excerpts") or ()),
    )


def gold_case(screening: Json, decisions: Iterable[Decided]) -> dict[str, Any]:
    """A packet's decisions as a gold case (the content of case.yaml): statuses, and the excerpts that decide them."""
    request = screening["request"]
    mine = latest(d for d in decisions if d.packet_id == screening["packet_id"])
    criteria = {
        d.criterion: {
            "status": d.status,
            "evidence": [e["quote"] for e in d.excerpts if e["stance"] != "context" and not e.get("dropped")],
        }
        for d in mine.values()
    }
    return {
        "case": screening["packet_id"],
        **{name: request[name] for name in ("phase", "indication", "drug")},
        "criteria": criteria,
        "flags": [{"kind": f["kind"], "document": f["document_id"], "page": f["page"]} for f in screening["flags"]],
    }


def write_gold(case: Json, folder: Path) -> Path:
    """Write folder/<case>/case.yaml, as `chartproof evaluate` reads it."""
    path = folder / case["case"] / "case.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(case), sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def labelled_pages(
    screenings: Iterable[Json], texts: Mapping[tuple[str, str, int], str], decisions: Sequence[Decided] = ()
) -> Iterator[Labelled]:
    """Every page that is quoted, with its facts as spans "kind=value".

    `texts` gives a page's text by (packet_id, document_id, page). With `decisions`, only the excerpts that a reviewer
    kept in criteria that the reviewer confirmed teach; with none, all that were suggested do.
    """
    final = latest(decisions)
    for screening in screenings:
        packet = screening["packet_id"]
        pages: dict[tuple[str, int], set[Span]] = {}
        for result in screening["criteria"]:
            decided = final.get((packet, result["id"]))
            if decisions and (decided is None or decided.changed):
                continue
            for item in result["evidence"]:
                if decided is not None and not _stands(item, decided):
                    continue
                value = item["attributes"].get("value")
                if item["stance"] != "context" and isinstance(value, str):
                    span = Span(item["start"], item["end"], f"{item['finding']}={value}")
                    pages.setdefault((item["document_id"], item["page"]), set()).add(span)
        for (document, page), spans in pages.items():
            text = texts[packet, document, page]
            ordered = tuple(sorted(spans, key=lambda s: (s.start, s.end, s.label)))
            meta = {"packet_id": packet, "document_id": document, "page": page}
            yield Labelled(f"{packet}/{document}/{page}", text, ordered, meta)


def _stands(item: Json, decided: Decided) -> bool:
    """Whether the reviewer left a suggested excerpt where it was: one dropped or moved to other words does not teach."""
    kept = [e for e in decided.excerpts if not e.get("dropped")]
    where = ("document_id", "page", "start", "end")
    return not decided.excerpts or any(all(e[name] == item[name] for name in where) for e in kept)


def training_rows(labelled: Iterable[Labelled]) -> Iterator[dict[str, Any]]:
    """Rows as `fixtures/labels/excerpts_*.jsonl` has them: text, and facts as [kind, value, quote]."""
    for one in labelled:
        facts = [[*span.label.split("=", 1), one.text[span.start : span.end]] for span in one.spans]
        yield {"id": one.id, "text": one.text, "facts": facts}
