"""How well screenings agree with gold labels: case folders (case.yaml) or banks of single excerpts (.jsonl)."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from extractors.errors import UserError

STATUSES = ("met", "not_met", "insufficient", "conflicting")
ABSENT = "absent"
FLAGS = ("foreign_patient_page", "medical_director_exception", "out_of_scope")
ENOUGH = 0.6
"""Share of the shorter excerpt's words that must stand in the other for a hit."""


@dataclass(frozen=True, slots=True)
class Label:
    """One gold label, what was predicted, and the excerpts of both."""

    packet_id: str
    criterion: str
    gold: str
    predicted: str
    gold_quotes: tuple[str, ...]
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Labels of all cases, and how often the request and the flags were read right."""

    labels: tuple[Label, ...]
    cases: int
    unscreened: int
    request: Mapping[str, int]
    flags: Mapping[str, int]


def evaluate(screenings: Path, gold: Path, screened_only: bool = False) -> dict[str, Any]:
    """The figures of `chartproof evaluate --json`. Raises UserError when gold or screenings cannot be read.

    Gold without a screening counts as wrong, unless `screened_only` leaves it out.
    """
    folder = screenings / "screenings" if (screenings / "screenings").is_dir() else screenings
    if not folder.is_dir():
        raise UserError(f"{screenings}: no such folder; name a workspace or its screenings")
    compared = _bank(folder, gold, screened_only) if gold.is_file() else _cases(folder, gold, screened_only)
    return figures(compared)


def figures(compared: Compared) -> dict[str, Any]:
    """Accuracy, macro-F1, per-status and per-criterion figures, false-met rate, evidence hits."""
    pairs = Counter((label.gold, label.predicted) for label in compared.labels)
    statuses = {status: _status(pairs, status) for status in STATUSES}
    present = [one["f1"] for one in statuses.values() if one["n"]]
    predicted_met = sum(n for (_, predicted), n in pairs.items() if predicted == "met")
    false_met = predicted_met - pairs["met", "met"]
    proven = [label for label in compared.labels if label.gold != "insufficient" and label.gold_quotes]
    hits = sum(evidence_hit(label.quotes, label.gold_quotes) for label in proven)
    return {
        "cases": compared.cases,
        "unscreened": compared.unscreened,
        "labels": len(compared.labels),
        "accuracy": _share(sum(pairs[s, s] for s in STATUSES), len(compared.labels)),
        "macro_f1": _share(sum(present), len(present)),
        "false_met": {"count": false_met, "predicted": predicted_met, "rate": _share(false_met, predicted_met)},
        "evidence_hit": {"count": hits, "labels": len(proven), "rate": _share(hits, len(proven))},
        "statuses": statuses,
        "criteria": _criteria(compared.labels),
        "request": dict(compared.request),
        "flags": dict(compared.flags),
    }


def _share(part: float, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _status(pairs: Counter[tuple[str, str]], status: str) -> dict[str, Any]:
    right = pairs[status, status]
    gold = sum(n for (g, _), n in pairs.items() if g == status)
    predicted = sum(n for (_, p), n in pairs.items() if p == status)
    f1 = 2 * right / (gold + predicted) if gold + predicted else 0.0
    return {"n": gold, "precision": _share(right, predicted), "recall": _share(right, gold), "f1": round(f1, 4)}


def _criteria(labels: Iterable[Label]) -> dict[str, Any]:
    grouped: dict[str, Counter[tuple[str, str]]] = {}
    for label in labels:
        grouped.setdefault(label.criterion, Counter())[label.gold, label.predicted] += 1
    return {
        name: {
            "n": sum(pairs.values()),
            "accuracy": _share(sum(pairs[s, s] for s in STATUSES), sum(pairs.values())),
            "confused": {f"{g} as {p}": n for (g, p), n in sorted(pairs.items()) if g != p},
        }
        for name, pairs in sorted(grouped.items(), key=lambda item: _order(item[0]))
    }


def _order(criterion: str) -> tuple[str, int]:
    section, _, number = criterion.rpartition(".")
    return section, int(number) if number.isdigit() else 0


def evidence_hit(quotes: Sequence[str], gold: Sequence[str]) -> bool:
    """Whether any quote has most of its words in common with any gold excerpt, or the other way round."""
    for quote in quotes:
        for excerpt in gold:
            mine, theirs = Counter(_words(quote)), Counter(_words(excerpt))
            fewer = min(mine.total(), theirs.total())
            if fewer >= 2 and (mine & theirs).total() / fewer >= ENOUGH:
                return True
    return False


def _words(text: str) -> list[str]:
    for curly, plain in (("’", "'"), ("‘", "'"), ("“", '"'), ("”", '"'), ("–", "-"), ("—", "-")):
        text = text.replace(curly, plain)
    return re.findall(r"[a-z0-9%./]+", text.lower())


def _cases(folder: Path, gold: Path, screened_only: bool) -> Compared:
    files = sorted(gold.glob("*/case.yaml")) or sorted(gold.glob("case.yaml"))
    if not files:
        raise UserError(f"{gold}: no case.yaml in it; name a folder of gold cases or a .jsonl bank")
    if screened_only:
        files = [file for file in files if (folder / f"{file.parent.name}.json").is_file()]
    labels: list[Label] = []
    request: Counter[str] = Counter(phase=0, indication=0)
    flags: Counter[str] = Counter(right=0, surplus=0, missed=0)
    unscreened = 0
    for file in files:
        case = yaml.safe_load(file.read_text(encoding="utf-8"))
        name = file.parent.name
        screening = _screening(folder, name)
        unscreened += not screening
        asked = screening.get("request", {})
        request["phase"] += asked.get("phase") == case["phase"]
        request["indication"] += case["phase"] == "out_of_scope" or asked.get("indication") == case["indication"]
        labels += [
            _label(name, criterion, gold_of["status"], gold_of.get("evidence") or (), screening)
            for criterion, gold_of in (case.get("criteria") or {}).items()
        ]
        wanted, got = _flags(case.get("flags") or (), "document"), _flags(screening.get("flags", ()), "document_id")
        flags.update(right=len(wanted & got), surplus=len(got - wanted), missed=len(wanted - got))
    return Compared(tuple(labels), len(files), unscreened, request, flags)


def _flags(flags: Iterable[Mapping[str, Any]], document: str) -> set[tuple[Any, ...]]:
    return {
        (f["kind"], f.get(document), f.get("page")) if f["kind"] == FLAGS[0] else (f["kind"],)
        for f in flags
        if f["kind"] in FLAGS
    }


def _bank(folder: Path, gold: Path, screened_only: bool) -> Compared:
    try:
        items = [json.loads(line) for line in gold.read_text(encoding="utf-8").split("\n") if line.strip()]
        if screened_only:
            items = [item for item in items if (folder / f"{item['id']}.json").is_file()]
        labels = [
            _label(item["id"], item["criterion"], item["status"], (), _screening(folder, item["id"])) for item in items
        ]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{gold}: not a bank of excerpts; each line needs id, criterion and status") from None
    unscreened = sum(not (folder / f"{item['id']}.json").is_file() for item in items)
    return Compared(tuple(labels), len(items), unscreened, {}, {})


def _screening(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _label(name: str, criterion: str, status: str, quotes: Sequence[str], screening: Mapping[str, Any]) -> Label:
    got = next((c for c in screening.get("criteria", ()) if c["id"] == criterion), None)
    predicted = got["status"] if got else ABSENT
    shown = tuple(item["quote"] for item in got["evidence"]) if got else ()
    return Label(name, criterion, status, predicted, tuple(quotes), shown)
