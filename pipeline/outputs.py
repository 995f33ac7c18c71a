"""How results are written: a JSON file per packet, the lines of the tables. Same input, same bytes."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from criteria.evidence import Evidence
    from criteria.screening import CriterionResult, Screening

SCHEMA_VERSION = 1
SUMMARY = ("packet_id", "pathway", "criterion", "status", "evidence_count", "document_id", "page", "quote")
PROBLEMS = ("packet_id", "file", "problem")


def screening_json(screening: Screening) -> dict[str, object]:
    """The screening as other programs read it; keys in the order of the contract."""
    request = screening.request
    return {
        "schema_version": SCHEMA_VERSION,
        "packet_id": screening.packet_id,
        "policy": screening.policy,
        "policy_revision": screening.policy_revision,
        "software": screening.software,
        "request": {
            "phase": request.phase,
            "indication": request.indication,
            "pathway": screening.pathway,
            "drug": request.drug,
            "codes": list(request.codes),
            "request_date": request.request_date,
        },
        "documents": [
            {
                "document_id": d.document_id,
                "file": d.file,
                "sha256": d.sha256,
                "pages": d.pages,
                "ocr_pages": list(d.ocr_pages),
                "warnings": list(d.warnings),
            }
            for d in screening.documents
        ],
        "criteria": [_criterion(result) for result in screening.criteria],
        "flags": [
            {"kind": f.kind, "document_id": f.document_id, "page": f.page, "detail": f.detail} for f in screening.flags
        ],
    }


def _criterion(result: CriterionResult) -> dict[str, object]:
    return {
        "id": result.id,
        "title": result.title,
        "status": result.status,
        "rationale": result.rationale,
        "derivation": result.derivation,
        "missing": list(result.missing),
        "evidence": [_evidence(item) for item in result.evidence],
    }


def _evidence(item: Evidence) -> dict[str, object]:
    excerpt = item.excerpt
    return {
        "document_id": excerpt.document_id,
        "page": excerpt.page,
        "start": excerpt.start,
        "end": excerpt.end,
        "quote": excerpt.quote,
        "boxes": [list(box) for box in excerpt.boxes],
        "doubtful": [list(span) for span in excerpt.doubtful],
        "stance": item.stance,
        "finding": item.finding,
        "date": item.date,
        "attributes": dict(item.attributes),
    }


def write_screening(screening: Screening, workspace: Path) -> Path:
    """Write screenings/<packet_id>.json."""
    text = json.dumps(screening_json(screening), ensure_ascii=False, indent=1, default=_plain)
    return write_file(workspace / "screenings" / f"{screening.packet_id}.json", text + "\n")


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"an attribute of type {type(value).__name__} cannot be written")


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV lines that no spreadsheet takes for formulas."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return out.getvalue()


def _inert(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell


def write_file(path: Path, text: str) -> Path:
    """Write a whole file or nothing: a reader never sees half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
    return path
