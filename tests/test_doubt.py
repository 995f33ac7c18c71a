"""What was recognised unsurely never decides alone: the reviewer is told, and the words are marked."""

from __future__ import annotations

import re

import numpy as np
import pytest

from criteria.policy import load_policy
from criteria.request import Request
from criteria.screening import CriterionResult, screen
from extractors.document import Document, Page, excerpt
from extractors.doubt import in_doubt
from extractors.find import find
from extractors.finding import Finding
from pipeline.outputs import screening_json

POLICY = load_policy()
LABS = "INR 1.1 on 02/10/2026. Platelets 214 K on 02/10/2026. No bleeding disorder."
IMPLANT = Request("implant", "nonmalignant", request_date="2026-03-01")


def scan(text: str, *unsure: str, readable: bool = True, number: int = 1) -> Page:
    """A recognised page on which the given words have little confidence."""
    trust = np.full(len(text), 0.97, np.float32)
    for word in unsure:
        for found in re.finditer(re.escape(word), text):
            trust[found.start() : found.end()] = 0.3
    boxes = np.tile(np.array([72, 72, 80, 84], np.float32), (len(text), 1))
    reason = None if readable else "recognition too uncertain"
    return Page(number, text, boxes, 612, 792, ocr=True, confidence=trust, readable=readable, reason=reason)


def screened(*pages: Page, criterion: str, request: Request = IMPLANT) -> CriterionResult:
    documents = (Document("fax", "fax.pdf", "0" * 64, pages),)
    return next(
        c for c in screen(POLICY, find(documents, request.hint()), request, documents).criteria if c.id == criterion
    )


def stated(kind: str, value: str | float, page: Page, words: str, **more: object) -> Finding:
    at = page.text.index(words)
    return Finding(kind, value, excerpt("fax", page, at, at + len(words)), "test", date="2026-02-10", **more)  # type: ignore[arg-type]


def weighed(criterion: str, *findings: Finding, pages: tuple[Page, ...] = ()) -> CriterionResult:
    documents = (Document("fax", "fax.pdf", "0" * 64, pages),)
    return next(c for c in screen(POLICY, findings, IMPLANT, documents).criteria if c.id == criterion)


@pytest.mark.parametrize(("inr", "status"), [("1.1", "met"), ("1.8", "not_met")])
def test_a_number_that_the_engines_read_differently_never_decides(inr: str, status: str) -> None:
    text = f"INR {inr} on 02/10/2026. Platelets 214 K on 02/10/2026."
    assert screened(scan(text), criterion="II.B.3").status == status
    got = screened(scan(text, inr), criterion="II.B.3")
    assert got.status == "insufficient"
    assert "little confidence" in got.rationale
    assert any("Check the picture" in m and "fax, page 1" in m for m in got.missing)
    assert inr in [e.excerpt.quote[a:b] for e in got.evidence for a, b in e.excerpt.doubtful]


def test_a_doubtful_number_that_decides_nothing_leaves_the_status() -> None:
    text = "Room 12. INR 1.1 on 02/10/2026. Platelets 214 K on 02/10/2026."
    assert screened(scan(text, "12."), criterion="II.B.3").status == "met"


def test_a_doubtful_failure_stops_another_way_of_meeting_the_criterion() -> None:
    page = scan("No bleeding disorder. Platelets 64 K.", "64")
    sure = stated("coagulopathy", "absent", page, "No bleeding disorder.")
    assert weighed("II.B.3", sure).status == "met"
    assert weighed("II.B.3", sure, stated("platelets", 64.0, page, "Platelets 64 K.")).status == "insufficient"


def test_a_sure_statement_beside_a_doubtful_one_decides() -> None:
    page = scan("Active infection: ☐ yes ☒ no. She has no active infection.", "☒")
    ticked = stated("infection", "absent", page, "Active infection: ☐ yes ☒ no.")
    said = stated("infection", "absent", page, "She has no active infection.")
    assert weighed("I.B.9", ticked).status == "insufficient"
    assert weighed("I.B.9", ticked, said).status == "met"


def test_a_doubtful_later_statement_does_not_leave_the_earlier_one_in_force() -> None:
    page = scan("INR 1.1. INR 1.8. Platelets 214 K.", "1.8.")
    early = Finding("inr", 1.1, excerpt("fax", page, 0, 8), "test", date="2026-01-01")
    count = stated("platelets", 214.0, page, "Platelets 214 K.")
    assert weighed("II.B.3", early, count).status == "met"
    assert weighed("II.B.3", early, count, stated("inr", 1.8, page, "INR 1.8.")).status == "insufficient"


def test_a_conflict_with_a_doubtful_side_sends_the_reviewer_to_the_picture() -> None:
    page = scan("INR 1.1. INR 1.8. Platelets 214 K.", "1.8.")
    sides = [stated("inr", 1.1, page, "INR 1.1."), stated("inr", 1.8, page, "INR 1.8.")]
    got = weighed("II.B.3", *sides, stated("platelets", 214.0, page, "Platelets 214 K."))
    assert got.status == "conflicting"
    assert any("Check the picture" in m for m in got.missing)


def test_arithmetic_is_no_surer_than_its_operands() -> None:
    page = scan("Morphine 180 mg/day.\n60 mg/day now.", "60")
    wean = stated("opioid_wean", 66.7, page, "Morphine 180 mg/day.", unit="%", derivation="180 -> 60 MME/day = 66.7 %",
                  operands=(excerpt("fax", page, 0, 20), excerpt("fax", page, 21, 35)))  # fmt: skip
    assert in_doubt(wean) == ("60",)
    assert weighed("I.B.10", wean).status == "insufficient"


@pytest.mark.parametrize(("text", "word", "decides"), [
    ("She denies any infection at this time.", "denies", True),
    ("There is n0 active infection at this time.", "n0", True),
    ("There is no active infection at this time.", "active", False),
    ("There is no sign of active infection at this 3 time.", "3", False),
])  # fmt: skip
def test_which_words_of_a_plain_statement_decide(text: str, word: str, decides: bool) -> None:
    assert bool(in_doubt(stated("infection", "absent", scan(text, word), text))) is decides


@pytest.mark.parametrize(("unsure", "decides"), [
    (("(0.8-1.2)",), False),
    (("ratio", "Normal"), False),
    (("03/02/2026",), False),
    (("1.2 ",), True),
    (("INR",), True),
])  # fmt: skip
def test_of_a_laboratory_row_its_name_and_its_number_decide(unsure: tuple[str, ...], decides: bool) -> None:
    text = "INR 1.2 ratio (0.8-1.2) Normal 03/02/2026"
    assert bool(in_doubt(stated("inr", 1.2, scan(text, *unsure), text))) is decides


def test_a_sentence_that_is_mostly_doubtful_decides_nothing() -> None:
    text = "There is no active infection at this time."
    assert in_doubt(stated("infection", "absent", scan(text, "There", "active", "infection"), text))


def test_any_doubtful_word_of_an_allergy_list_may_be_the_planned_drug() -> None:
    text = "Allergies: sulfa, hydromorphome"
    listed = stated("allergy_list", "listed", scan(text, "hydromorphome"), text, attributes={"drugs": ("sulfa",)})
    assert in_doubt(listed) == ("hydromorphome",)


def test_every_insufficient_says_how_many_pages_were_unreadable() -> None:
    pages = (scan("Low back pain."), scan("", readable=False, number=2), scan("", readable=False, number=3))
    documents = (Document("fax", "fax.pdf", "0" * 64, pages),)
    results = screen(POLICY, find(documents, IMPLANT.hint()), IMPLANT, documents).criteria
    silent = [c for c in results if c.status == "insufficient"]
    assert len(silent) > 10
    assert all("2 of 3 pages were unreadable" in c.rationale for c in silent)
    assert all("fax, page 2; fax, page 3" in c.missing[-1] for c in silent)
    assert all("unreadable" not in c.rationale for c in results if c.status != "insufficient")


def test_the_screening_marks_the_doubtful_words() -> None:
    page = scan(LABS, "1.1")
    documents = (Document("fax", "fax.pdf", "0" * 64, (page,)),)
    told = screening_json(screen(POLICY, find(documents, IMPLANT.hint()), IMPLANT, documents))
    evidence = [e for c in told["criteria"] for e in c["evidence"] if e["finding"] == "inr"]  # type: ignore[attr-defined]
    assert evidence
    assert all([e["quote"][a:b] for a, b in e["doubtful"]] == ["1.1"] for e in evidence)


def test_a_page_with_its_own_text_is_never_doubtful() -> None:
    page = Page(1, LABS, np.zeros((len(LABS), 4), np.float32), 612, 792)
    assert excerpt("note", page, 0, 7).doubtful == ()
