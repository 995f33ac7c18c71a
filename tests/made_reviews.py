"""A small workspace as `chartproof screen` leaves it: a PDF, a text file, one criterion of each kind, and flags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from made_packets import write_pdf

from criteria.policy import load_policy
from extractors.document import Document, excerpt
from extractors.readers import read_document
from pipeline.record import remember

LINES = [
    "Patient: DOE, JANE   DOB: 1960-02-03",
    "Post-laminectomy syndrome explains the pain.",
    "There is no active infection today.",
    "The wound is infected and red.",
    "Morphine went from 180 to 60 MME a day before the trial.",
]
WHY = {
    "met": "The note of the pain clinic says so.",
    "conflicting": "Two statements of the same day disagree.",
    "insufficient": "Nothing on it was found in the pages that were read.",
    "not_met": "The note says that an infection is there.",
}


def quoted(document: Document, words: str, stance: str, page: int = 1, doubtful: str = "") -> dict[str, Any]:
    text = document.pages[page - 1].text
    found = excerpt(document.document_id, document.pages[page - 1], text.index(words), text.index(words) + len(words))
    place = {"document_id": found.document_id, "page": page, "start": found.start, "end": found.end}
    unsure = [[found.quote.index(doubtful), found.quote.index(doubtful) + len(doubtful)]] if doubtful else []
    return {**place, "quote": found.quote, "boxes": [list(b) for b in found.boxes], "doubtful": unsure, "stance": stance,
            "finding": "fact", "date": None, "attributes": {}}  # fmt: skip


def write_workspace(folder: Path, packets: int = 1, criteria: int = 5, pages: int = 2) -> Path:
    """`criteria` cycles through met, conflicting, insufficient, not_met."""
    workspace = folder / "workspace"
    (workspace / "screenings").mkdir(parents=True)
    for n in range(packets):
        name, records = f"case-{n + 1:02}", folder / "records" / f"case-{n + 1:02}"
        records.mkdir(parents=True)
        pdf = write_pdf(records / "01_note.pdf", *[[*LINES, f"Packet {n + 1}, page {p + 1}."] for p in range(pages)])
        (records / "02_form.txt").write_text(f"PRIOR AUTHORIZATION REQUEST {n + 1}\nProcedure: 62362\n")
        read = [read_document(pdf), read_document(records / "02_form.txt")]
        remember(workspace, name, read, {"01_note": pdf, "02_form": records / "02_form.txt"})
        body = _screening(name, read, criteria)
        (workspace / "screenings" / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
    return workspace


def _screening(name: str, read: list[Document], criteria: int) -> dict[str, Any]:
    note = read[0]
    kinds = (
        ("met", [quoted(note, LINES[1], "supports")], []),
        ("conflicting", [quoted(note, LINES[2], "supports"), quoted(note, LINES[3], "contradicts")], []),
        ("insufficient", [], ["A statement on the platelets."]),
        ("not_met", [quoted(note, LINES[3], "contradicts", len(note.pages))], []),
        ("met", [quoted(note, LINES[4], "supports", doubtful="180")], []),
    )
    found = []
    titles = {c.id: c.title for c in load_policy("LA.CP.MP.173").criteria}
    for n in range(criteria):
        status, evidence, missing = kinds[n % len(kinds)]
        title = titles.get(f"I.B.{n + 1}", f"Criterion {n + 1}")
        found.append({"id": f"I.B.{n + 1}", "title": title, "status": status, "rationale": WHY[status],
                      "derivation": None, "missing": missing, "evidence": evidence})  # fmt: skip
    documents = [
        {"document_id": d.document_id, "file": d.file, "sha256": d.sha256,
         "pages": len(d.pages), "ocr_pages": [], "warnings": []}
        for d in read
    ]  # fmt: skip
    request = {"phase": "implant", "indication": "nonmalignant", "pathway": "II.B", "drug": "morphine",
               "codes": ["62362"], "request_date": "2026-03-31"}  # fmt: skip
    flags = [{"kind": "foreign_patient_page", "document_id": "01_note", "page": 2, "detail": "Another name."}]
    return {"schema_version": 1, "packet_id": name, "policy": "LA.CP.MP.173", "policy_revision": "4/23",
            "software": "test", "request": request, "documents": documents, "criteria": found, "flags": flags}  # fmt: skip
