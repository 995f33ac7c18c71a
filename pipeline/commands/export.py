"""chartproof export: screenings and decisions for other programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from extractors.errors import UserError

FORMATS: Mapping[str, str] = {
    "csv": "a table, a row per excerpt",
    "xlsx": "the same as a spreadsheet",
    "parquet": "the same for pandas and Spark",
    "annotations": "W3C Web Annotations, JSON lines",
    "fhir": "a folder with a FHIR R4 bundle per packet: Questionnaire, QuestionnaireResponse, Provenance",
    "questionnaire": "the policy's FHIR R4 Questionnaire alone",
    "prodigy": "labelled pages as Prodigy tasks, JSON lines",
    "labelstudio": "labelled pages as Label Studio tasks, JSON lines",
    "docbin": "labelled pages as a spaCy DocBin",
    "rows": "labelled pages as rows to train the learned reader",
    "gold": "a folder of gold cases from decisions",
}
TEXTS = ("prodigy", "labelstudio", "docbin", "rows")
"""Formats that hold the pages' texts, which only the records have."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", type=Path, metavar="WORKSPACE", help="a folder that `chartproof screen` filled")
    parser.add_argument("format", choices=list(FORMATS), help="; ".join(f"{k}: {v}" for k, v in FORMATS.items()))
    parser.add_argument("--out", type=Path, required=True, metavar="PATH", help="file (fhir, gold: folder) to write")
    parser.add_argument("--packet", metavar="ID", help="this packet only")
    parser.add_argument("--records", type=Path, metavar="RECORDS", help="the records that were screened, for page texts")
    parser.add_argument("--decisions", type=Path, metavar="FILE", help="reviewers' decisions, JSON lines (default: what was finished on the reviewer's page)")
    parser.add_argument("--patient", metavar="REF", help='FHIR reference of the patient ("Patient/17")')
    parser.add_argument("--coverage", metavar="REF", help='FHIR reference of the coverage ("Coverage/4")')
    parser.add_argument("--at", metavar="TIME", help="time of the export, ISO 8601 with zone (default: now)")


def run(args: argparse.Namespace) -> int:
    from pipeline.export.workspace import finished_decisions, load_screenings, page_texts
    from pipeline.labels import read_decisions

    if args.format in TEXTS and args.records is None:
        raise UserError(f"{args.format} holds page texts: name the records that were screened with --records")
    args.created = args.at or datetime.now(UTC).isoformat(timespec="seconds")
    args.screenings = load_screenings(args.workspace, args.packet)
    args.texts = page_texts(args.records, args.screenings) if args.records else {}
    args.decided = read_decisions(args.decisions) if args.decisions else finished_decisions(args.workspace)
    if args.format == "gold" and not args.decided:
        raise UserError("gold cases come from decisions: finish a review, or name a file with --decisions")
    try:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        _writer(args.format)(args)
    except OSError as error:
        raise UserError(f"{args.out}: cannot be written ({error.strerror}); choose another --out") from None
    return 0


def _writer(name: str) -> Callable[[argparse.Namespace], None]:
    if name in ("csv", "xlsx", "parquet"):
        return _table
    if name in TEXTS:
        return _labelled
    return {"annotations": _annotations, "fhir": _fhir, "questionnaire": _questionnaire, "gold": _gold}[name]


def _table(args: argparse.Namespace) -> None:
    from pipeline.export import tables

    write = {"csv": tables.write_csv, "xlsx": tables.write_xlsx, "parquet": tables.write_parquet}[args.format]
    write(tables.rows(args.screenings, args.decided), args.out)


def _annotations(args: argparse.Namespace) -> None:
    from pipeline.export.annotations import web_annotations
    from pipeline.export.training import write_jsonl

    found: list[dict[str, Any]] = []
    for screening in args.screenings:
        texts = {(doc, page): text for (pid, doc, page), text in args.texts.items() if pid == screening["packet_id"]}
        found += web_annotations(screening, texts, args.created)
    write_jsonl(found, args.out)


def _labelled(args: argparse.Namespace) -> None:
    from pipeline.export import training
    from pipeline.labels import labelled_pages, training_rows

    pages = labelled_pages(args.screenings, args.texts, args.decided)
    if args.format == "docbin":
        training.write_docbin(pages, args.out)
        return
    make = {"prodigy": training.to_prodigy, "labelstudio": training.to_label_studio, "rows": training_rows}[args.format]
    training.write_jsonl(make(pages), args.out)


def _fhir(args: argparse.Namespace) -> None:
    from criteria.policy import load_policy
    from pipeline.export.fhir import bundle
    from pipeline.export.fhir_check import problems

    args.out.mkdir(parents=True, exist_ok=True)
    for screening in args.screenings:
        policy = load_policy(screening["policy"])
        made = bundle(screening, policy, args.created, args.decided, args.patient, args.coverage)
        found = problems(made) if screening["criteria"] else []
        if found:
            raise UserError(f"{screening['packet_id']}: {found[0]}; nothing is sent that does not hold")
        _write_json(made, args.out / f"{screening['packet_id']}.json")


def _questionnaire(args: argparse.Namespace) -> None:
    from criteria.policy import load_policy
    from pipeline.export.fhir import questionnaire

    _write_json(questionnaire(load_policy(args.screenings[0]["policy"])), args.out)


def _gold(args: argparse.Namespace) -> None:
    from pipeline.labels import gold_case, write_gold

    for screening in args.screenings:
        write_gold(gold_case(screening, args.decided), args.out)


def _write_json(value: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
