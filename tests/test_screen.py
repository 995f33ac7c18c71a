"""screen(): from findings to a screening that can be checked."""

from __future__ import annotations

import numpy as np
import pytest

from criteria.policy import load_policy
from criteria.request import Request
from criteria.screening import screen
from extractors.document import Document, Excerpt, Page
from extractors.finding import Assertion, Finding

POLICY = load_policy()
TRIAL = Request("trial", "nonmalignant", request_date="2026-03-31")
IMPLANT = Request("implant", "nonmalignant", request_date="2026-03-31")


def finding(kind, value, day=None, document="note", page=1, at=0, **more) -> Finding:
    return Finding(kind, value, Excerpt(document, page, at, at + 5, "words"), "test", date=day, **more)


def result(criterion, findings, request=TRIAL):
    screening = screen(POLICY, findings, request, [])
    return next(c for c in screening.criteria if c.id == criterion)


def test_a_packet_without_findings_is_insufficient_throughout_and_says_what_is_missing():
    screening = screen(POLICY, [], IMPLANT, [])
    assert screening.pathway == "II.B"
    assert [c.id for c in screening.criteria[:2] + screening.criteria[-2:]] == ["I.B.1", "I.B.2", "II.B.8", "II.B.9"]
    assert {c.status for c in screening.criteria} == {"insufficient"}
    assert all(c.missing and c.rationale.endswith(".") and not c.evidence for c in screening.criteria)


def test_a_status_other_than_insufficient_has_evidence_and_a_place():
    got = result("I.B.9", [finding("infection", "absent", "2026-03-20", page=2)])
    assert got.status == "met"
    assert [e.stance for e in got.evidence] == ["supports"]
    assert "(note, page 2, 2026-03-20)" in got.rationale


def test_a_superseded_statement_is_shown_as_context_after_the_deciding_one():
    old, new = finding("infection", "present", "2026-02-09"), finding("infection", "absent", "2026-02-24", at=9)
    got = result("I.B.9", [old, new])
    assert [(e.date, e.stance) for e in got.evidence] == [("2026-02-24", "supports"), ("2026-02-09", "context")]
    assert "supersedes the earlier statement" in got.rationale and "2026-02-09" in got.rationale


def test_a_conflict_shows_both_sides_and_asks_which_holds():
    sides = [finding("infection", "absent", "2026-02-24"), finding("infection", "present", "2026-02-24", at=9)]
    got = result("I.B.9", sides)
    assert got.status == "conflicting"
    assert {e.stance for e in got.evidence} == {"supports", "contradicts"}
    assert got.missing[0].startswith("Which of the two statements holds.")
    assert " but " in got.rationale


def test_the_first_two_excerpts_of_a_conflict_are_from_both_sides():
    many = [finding("infection", "absent", "2026-02-24", at=10 * n) for n in range(5)]
    got = result("I.B.9", [*many, finding("infection", "present", "2026-02-24", at=90)])
    assert {e.stance for e in got.evidence[:2]} == {"supports", "contradicts"}


def test_arithmetic_is_told_and_its_operands_are_evidence():
    operands = (Excerpt("meds", 1, 0, 5, "words"), Excerpt("meds", 2, 0, 5, "words"))
    arithmetic = "180 -> 60 MME/day = 66.7 % reduction"
    got = result("I.B.10", [finding("opioid_wean", 66.7, "2026-03-01", operands=operands, derivation=arithmetic)])
    assert (got.status, got.derivation) == ("met", arithmetic)
    assert [(e.excerpt.document_id, e.excerpt.page) for e in got.evidence] == [("note", 1), ("meds", 1), ("meds", 2)]
    assert arithmetic in got.rationale and "at least 50 asked" in got.rationale


def test_a_mention_that_does_not_count_is_explained():
    got = result("I.B.6", [finding("psychological_evaluation", "cleared", assertion=Assertion(hypothetical=True))])
    assert got.status == "insufficient"
    assert [e.stance for e in got.evidence] == ["context"]
    assert "planned or conditional" in got.rationale


def test_a_weak_reading_never_decides_nor_conflicts():
    weak = finding("infection", "present", "2026-03-20", at=9, score=0.2)
    assert result("I.B.9", [weak]).status == "insufficient"
    assert result("I.B.9", [finding("infection", "absent", "2026-03-20"), weak]).status == "met"


def test_parts_that_are_missing_are_named_and_those_documented_told():
    got = result("I.B.3", [finding("medication_trial", "failed"), finding("physical_therapy", "failed", at=9)])
    assert got.status == "insufficient"
    assert "behavioral treatment and other nonsurgical treatment" in got.rationale
    assert "systemic medication and physical therapy" in got.rationale
    assert [m.split(" ")[0] for m in got.missing] == ["Behavioral", "Other"]


def test_a_failed_part_comes_first_in_the_evidence():
    parts = [finding("trial_relief", 75.0), finding("trial_side_effects", "minimal", at=9)]
    got = result("II.B.1", [*parts, finding("trial_function", "unchanged", at=20)], IMPLANT)
    assert got.status == "not_met"
    assert got.evidence[0].finding == "trial_function"
    assert not got.missing


def test_findings_of_another_patients_page_are_left_out_and_flagged():
    request = Request("implant", "nonmalignant", foreign_pages=(("labs", 2),))
    labs = [finding("inr", 1.0, document="labs", page=2), finding("platelets", 268.0, document="labs", page=2, at=9)]
    screening = screen(POLICY, labs, request, [])
    assert next(c for c in screening.criteria if c.id == "II.B.3").status == "insufficient"
    assert [(f.kind, f.document_id, f.page) for f in screening.flags] == [("foreign_patient_page", "labs", 2)]


def test_a_sum_that_uses_another_patients_page_is_left_out():
    request = Request("trial", "nonmalignant", foreign_pages=(("meds", 2),))
    doses = finding("opioid_wean", 60.0, operands=(Excerpt("meds", 2, 0, 5, "words"),), derivation="100 -> 40")
    assert result("I.B.10", [doses], request).status == "insufficient"


def test_going_without_a_trial_is_flagged_for_malignant_pain_only():
    reason = [finding("trial_exception", "stated", page=3)]
    flags = screen(POLICY, reason, Request("implant", "malignant"), []).flags
    assert [(f.kind, f.page) for f in flags] == [("medical_director_exception", 3)]
    assert screen(POLICY, reason, IMPLANT, []).flags == ()


def test_out_of_scope_has_no_criteria_and_names_the_other_policy():
    screening = screen(POLICY, [], Request("out_of_scope", "unknown", exclusion="baclofen"), [])
    assert (screening.pathway, screening.criteria) == (None, ())
    assert [f.kind for f in screening.flags] == ["out_of_scope"]
    assert "LA.PHAR.149" in screening.flags[0].detail


def test_an_unreadable_page_is_flagged():
    page = Page(1, "", np.zeros((0, 4), np.float32), 612, 792, readable=False, reason="blank scan")
    screening = screen(POLICY, [], TRIAL, [Document("scan", "scan.pdf", "0" * 64, (page,))])
    assert [(f.kind, f.document_id, f.page, f.detail) for f in screening.flags] == [
        ("unreadable_page", "scan", 1, "blank scan")
    ]


def test_the_order_of_findings_changes_nothing():
    findings = [finding("infection", v, "2026-03-01", at=n * 7) for n, v in enumerate(["absent", "present", "absent"])]
    assert screen(POLICY, findings, TRIAL, []) == screen(POLICY, reversed(findings), TRIAL, [])


def test_the_rationale_never_quotes_the_record():
    secret = Finding("infection", "absent", Excerpt("note", 1, 0, 9, "ARCENEAUX"), "test", date="2026-03-20")
    assert "ARCENEAUX" not in result("I.B.9", [secret]).rationale


@pytest.mark.parametrize("phase", ["unknown", "out_of_scope"])
def test_without_a_pathway_nothing_is_decided(phase):
    assert screen(POLICY, [finding("infection", "absent")], Request(phase, "unknown"), []).criteria == ()
