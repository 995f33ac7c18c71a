"""The learned reader's input, its labelled text, and that the two go together with the model that is shipped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from extractors.learned.inputs import BEFORE, CLS, HEADING, SEP, STATEMENT, WINDOW, pieces_of, windows
from extractors.learned.labelled import bank_pages, document_pages, excerpt_pages, label_names, misread
from extractors.learned.reader import labels, score

FIXTURES = Path("fixtures")
LABELS = FIXTURES / "labels"
KNOWN = yaml.safe_load((LABELS / "authors.yaml").read_text("utf-8"))


def test_every_statement_stands_in_one_window() -> None:
    parts = [("HISTORY" * 20, "word " * n) for n in (3, 0, 90, 20, 1, 50, 40, 30, 64, 64, 2)]
    made = list(windows([(h[:HEADING], s) for h, s in parts], lambda text: [9] * len(text.split())))
    assert [i for w in made for i in w.statements] == list(range(len(parts)))
    assert len(made) > 1
    for window in made:
        assert window.ids[0] == CLS and len(window.ids) <= WINDOW
        assert window.spans[0][0] <= 1 + 2 + BEFORE
        for i, (first, last) in zip(window.statements, window.spans, strict=True):
            assert window.ids[last] == SEP
            assert window.ids[first:last] == (9,) * min(STATEMENT, len(parts[i][1].split()))


def test_a_long_statement_without_marks_is_read_to_its_end() -> None:
    words = [f"w{n}" for n in range(200)]
    pieces = pieces_of(" ".join(words), lambda text: [9] * len(text.split()))
    assert " ".join(pieces).split() == words and all(len(piece.split()) <= STATEMENT for piece in pieces)


def test_the_shipped_model_has_the_labels_of_the_facts() -> None:
    assert labels() == label_names()


def test_what_an_author_did_not_label_completely_weighs_less() -> None:
    weight = dict(zip(label_names(), next(excerpt_pages(LABELS / "excerpts_a.jsonl", KNOWN)).weights, strict=True))
    assert (weight["infection=absent"], weight["hyperalgesia=excluded"]) == (1.0, 0.15)
    first = json.loads((LABELS / "excerpts_e.jsonl").read_text("utf-8").split("\n", 1)[0])
    weight = dict(zip(label_names(), next(excerpt_pages(LABELS / "excerpts_e.jsonl", KNOWN)).weights, strict=True))
    assert first["criterion"] == "I.B.9"
    assert (weight["infection=absent"], weight["hyperalgesia=excluded"], weight["adherence=good"]) == (1.0, 0.5, 0.15)


@pytest.mark.parametrize("path", sorted(LABELS.glob("excerpts_*.jsonl")), ids=lambda p: p.stem)
def test_every_quote_of_an_excerpt_stands_in_it(path: Path) -> None:
    for line in path.read_text("utf-8").splitlines():
        record = json.loads(line)
        assert all(quote in record["text"] for _, _, quote in record["facts"]), record["id"]
        assert path.stem in KNOWN["authors"] or record["criterion"] in KNOWN["criteria"]


@pytest.mark.parametrize(("folder", "name"), [("cases", "packets_k"), ("documents", "documents_q")])
def test_the_labels_of_a_document_are_found_in_it(folder: str, name: str) -> None:
    pages = list(document_pages(FIXTURES / folder, LABELS / f"{name}.jsonl"))
    records = [json.loads(line) for line in (LABELS / f"{name}.jsonl").read_text("utf-8").splitlines()]
    told = {f"{kind}={value}" for r in records for kind, value, _ in r["facts"]} & set(label_names())
    found = {label for page in pages for stated in page.labels for label in stated}
    assert len(pages) >= len(records) and found == told


def test_a_labelled_page_is_scored_as_it_is() -> None:
    page = next(p for p in bank_pages(FIXTURES / "banks/d1.jsonl", LABELS / "bank_d1.jsonl") if any(p.labels))
    scores = score(page.parts)
    assert scores.shape == (len(page.parts), len(label_names())) and np.all((scores > 0) & (scores < 1))


def test_a_misread_page_keeps_its_labels() -> None:
    pages = list(bank_pages(FIXTURES / "banks/d1.jsonl", LABELS / "bank_d1.jsonl"))[:40]
    copies = misread(pages, share=0.5, seed=3)
    originals = {page.labels: page for page in pages}
    assert 5 < len(copies) < 35
    assert all(c.labels in originals and len(c.parts) == len(c.labels) for c in copies)
    assert any(c.parts != originals[c.labels].parts for c in copies)
