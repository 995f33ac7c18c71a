"""Structure: what stands on a page, before any rule reads it."""

import numpy as np
import pytest

from extractors.document import Page
from extractors.segment import Segment, statement
from extractors.sentences import sentence_spans
from extractors.structure import segments
from extractors.talk import talk_marks


def page(text: str) -> Page:
    return Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)


def read(text: str) -> tuple[Segment, ...]:
    found = segments(page(text))
    assert all(text[s.start : s.end].replace("\n", " ").replace("\t", " ") == s.text for s in found)
    return found


def test_sentences_end_at_full_stops_but_not_after_titles_or_decimals():
    text = "Seen by Dr. Odom today. Dose 2.5 mg. She is well."
    assert [text[a:b] for a, b in sentence_spans(text)] == ["Seen by Dr. Odom today.", "Dose 2.5 mg.", "She is well."]


def test_wrapped_lines_are_one_sentence_and_offsets_stay():
    (only,) = read("The wound healed without any drainage and she has had no further antibiotics since\nthe middle of March.")
    assert only.text.endswith("since the middle of March.")


def test_a_heading_names_the_section_of_what_follows():
    heading, said = read("FAMILY HISTORY\nMother had a bleeding disorder.")
    assert heading.kind == "heading"
    assert (said.section, "family" in said.marks) == ("family_history", True)


def test_rows_know_their_columns():
    rows = read("Test\tResult\tUnits\nINR\t1.1\t\nPlatelets\t241\t10^9/L")
    assert rows[1].columns == ("Test", "Result", "Units")
    text = "Test\tResult\tUnits\nINR\t1.1\t\nPlatelets\t241\t10^9/L"
    assert statement(rows[1], text) == "Test: Platelets; Result: 241; Units: 10^9/L"


def test_label_and_value_and_the_sentence_after_it():
    first, second = read("Allergies: NKDA. Airway clear.")
    assert (first.kind, first.label, first.section) == ("field", "Allergies", "allergies")
    assert second.section == ""


@pytest.mark.parametrize(
    ("line", "label", "ticked"),
    [
        ("Active infection?   [ ] Yes  [x] No", "Active infection?", "no"),
        ("Active infection?   ☒ Yes  ☐ No", "Active infection?", "yes"),
        ("Infection status    [ ] active    [x] none    [ ] unknown", "Infection status", "none"),
        ("[x] Yes  [ ] No   Has the patient had therapy?", "Has the patient had therapy?", "yes"),
        ("☐ Yes ☒ No Pacemaker or other stimulator", "Pacemaker or other stimulator", "no"),
        ("a. Systemic drugs tried/failed  [x]Y [ ]N", "a. Systemic drugs tried/failed", "yes"),
        ("No active infection  ✓", "No active infection", "yes"),
    ],
)
def test_a_ticked_box_answers_its_question(line, label, ticked):
    (only,) = read(line)
    assert (only.kind, only.label, only.ticked) == ("tick", label, ticked)


@pytest.mark.parametrize("line", ["Active infection?   [ ] Yes  [ ] No", "Active infection?   [x] Yes  [x] No"])
def test_both_boxes_or_none_say_nothing(line):
    (only,) = read(line)
    assert only.ticked is None
    assert "unanswered" in only.marks


def test_two_questions_on_one_line_are_two_segments():
    first, second = read("Fever?   [ ] Yes  [x] No   Rash?   [x] Yes  [ ] No")
    assert [(s.label, s.ticked) for s in (first, second)] == [("Fever?", "no"), ("Rash?", "yes")]


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("The medical policy requires that relief must be at least half.", "quoted"),
        ("Call the office if you notice drainage or fever.", "education"),
        ("Risks reviewed include infection and bleeding.", "boilerplate"),
        ("Allergies: ______", "unanswered"),
    ],
)
def test_other_talk_is_marked(text, mark):
    assert mark in talk_marks(text)


@pytest.mark.parametrize("text", ["She has no active infection.", "Your policy was reviewed; she has had no infection.", "Side effects were mild."])
def test_the_records_own_words_are_not(text):
    assert not talk_marks(text)


def test_a_check_list_with_columns_yes_and_no_is_answered_by_its_marks():
    rows = read("Question\tYes\tNo\tRemark\nCause of the pain established\tx\t\tsee MRI\nShunt in the head\t\t\tnot asked\nAsthma\t\tx\t")
    told = [(r.kind, r.label, r.ticked, bool(r.marks)) for r in rows]
    assert told == [
        ("tick", "Cause of the pain established", "yes; see MRI", False),
        ("tick", "Shunt in the head", None, True),
        ("tick", "Asthma", "no", False),
    ]


@pytest.mark.parametrize("header", ["Question\tYes\tNo\tRemark", "Yes\tNo", "\tYes\tNo"])
def test_bare_boxes_below_columns_yes_and_no_are_answered_by_their_column(header):
    rows = read(f"{header}\nNausea\t☐\t☒\nRelief of 50 % or more\t☒\t☐\tper nurse\nShunt in the head\t☐\t☐\nAsthma\t☒\t☒")
    told = [(r.label, r.ticked) for r in rows if r.kind == "tick"]
    remark = "yes; per nurse"
    assert told == [("Nausea", "no"), ("Relief of 50 % or more", remark), ("Shunt in the head", None), ("Asthma", None)]


def test_a_check_list_with_numbers_dashes_and_a_prompt_that_nobody_answered():
    rows = read("Line\tQuestion\tY\tN\nE\tPacemaker or other device\t-\tx\nH\tSpinal anomaly\t-\t-\nI\tLife expectancy under 3 months\nK\tPrior pump\tx\t-")
    told = [(r.label, r.ticked) for r in rows if r.kind == "tick"]
    assert told[:2] == [("E Pacemaker or other device", "no"), ("H Spinal anomaly", None)] and told[-1] == ("K Prior pump", "yes")
    rows = read("Question\tY\tN\nHospice\t\tx\nLife expectancy under 3 months\nPrior pump\t\tx")
    assert [(r.label, r.ticked) for r in rows if r.kind == "tick"] == [
        ("Hospice", "no"),
        ("Life expectancy under 3 months", None),
        ("Prior pump", "no"),
    ]


def test_not_known_is_no_answer():
    rows = read("#\tCriterion\tYes\tNo\tNot known\tPage\n7\tSUD, current\t☐\t☐\t☒\t\n9\tCoagulopathy\t☐\t☒\t☐\t9")
    assert [(r.label, r.ticked) for r in rows if r.kind == "tick"] == [("7 SUD, current", None), ("9 Coagulopathy", "no; 9")]


def test_columns_of_a_check_list_name_its_boxes():
    rows = read("Treatment\tNever tried\tTried, failed\tHelped\nPhysical therapy\t☐\t☒\t☐\nTENS\t☒\t☐\t☐")
    assert [(r.label, r.ticked) for r in rows if r.kind == "tick"] == [("Physical therapy", "Tried, failed"), ("TENS", "Never tried")]


def test_bare_boxes_whose_columns_have_no_name_are_no_answer():
    assert [r.ticked for r in read("Nausea\t☐\t☒")] == [None]


def test_dictation_without_marks_is_cut_where_another_statement_begins():
    told = (
        "exam temp ninety eight four leg mottled cool nails ridged no ulcer there is no infection of the leg the back or the belly "
        "fundi looked at today with the scope discs are sharp and there is no history of pressure in the head abdomen plenty of room "
        "for the pump on the right side I reviewed the films and there is nothing that would get in the way"
    )
    said = [s.text for s in read(told)]
    assert "there is no infection of the leg the back or the belly" in said
    assert "abdomen plenty of room for the pump on the right side" in said
    assert " ".join(said) == told


def test_a_sentence_with_its_marks_is_left_whole():
    told = (
        "She was seen by me, by Dr. Odom and by the therapist, and she told each of us, in nearly the same words, that she sleeps badly, that "
        "she walks to the mailbox, and that she would do the trial again, if it were offered, because she felt the first relief in years from it."
    )
    assert [s.text for s in read(told)] == [told]


def test_an_empty_page_has_no_segments():
    assert not read("")
