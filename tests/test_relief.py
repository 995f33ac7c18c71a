"""Relief and function in the intrathecal or epidural opioid trial."""

from dataclasses import replace

import numpy as np
import pytest

from extractors.document import Page
from extractors.find import before_trial
from extractors.finding import Finding
from extractors.procedures import find_trials, topic_of
from extractors.relief import find_relief
from extractors.structure import segments


def pages(text: str) -> list[tuple[Page, tuple]]:  # type: ignore[type-arg]
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    return [(page, segments(page))]


def relief(text: str, kind: str = "trial_relief") -> list[Finding]:
    return [f for f in find_relief("note", pages(text), "2026-03-20") if f.kind == kind]


def test_a_remark_beside_a_ticked_answer_leaves_it_an_answer() -> None:
    text = "Question\tYes\tNo\tRemark\nTrial: pain relief of at least 50 %\tx\t\tper nurse\nNausea\t\tx\t"
    assert [f.value for f in relief(text)] == ["at_least_half"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The catheter trial gave 70 percent relief.", 70.0),
        ("She put her relief in the epidural trial at two thirds.", 66.7),
        ("After the trial he was about half better.", 50.0),
        ("Relief in the trial was nearly 50 %.", "under_half"),
        ("Relief in the trial was 40-60 %.", "vague"),
        ("During the trial pain fell to a third of what it had been.", 66.7),
        ("The trial brought good relief.", "vague"),
        ("The test dose did nothing for him.", 0.0),
        ("IT trial: better than 60 percent relief.", 60.0),
    ],
)
def test_stated_relief_follows_the_guide(text: str, value: float | str) -> None:
    assert [f.value for f in relief(text)] == [value]


@pytest.mark.parametrize(
    ("text", "derivation"),
    [
        ("IT trial 3/3. Pain went from 9 to 2.", "9 -> 2 on 0-10 scale = 77.8 % reduction"),
        ("Trial 3/3/26: NRS 8 before, 4 thereafter.", "8 -> 4 on 0-10 scale = 50 % reduction"),
        ("INTRATHECAL TRIAL\nPain before 8/10; at 4 h 3/10; at 12 h 3/10.", "8 -> 3 on 0-10 scale = 62.5 % reduction"),
        ("Epidural trial: VAS 82 mm to 49 mm.", "82 -> 49 on VAS (mm) = 40.2 % reduction"),
        ("In the trial he was at four where he had begun at eight.", "8 -> 4 on 0-10 scale = 50 % reduction"),
        (
            "TRIAL RECORD\nTime\tNRS\tNote\n07:35 before\t8\tusual\n09:10\t4\tbed\n10:10\t3\thall\n12:10\t3\tlunch",
            "8 -> 3 on 0-10 scale = 62.5 % reduction",
        ),
    ],
)
def test_relief_is_computed_from_scores_before_and_during(text: str, derivation: str) -> None:
    found = [f for f in relief(text) if f.attributes["source"] == "scores"]
    assert [f.derivation for f in found] == [derivation] and found[0].operands


def test_both_ends_of_a_flowsheet_are_cited_and_one_low_reading_is_not_the_level() -> None:
    (found,) = relief(
        "IT TRIAL FLOWSHEET\nTime\tNRS\tNote\nbefore\t8\tusual\n1 h\t6\t\n2 h\t2\tasleep\n4 h\t5\t\n8 h\t5\tbed"
    )
    assert found.derivation == "8 -> 5 on 0-10 scale = 37.5 % reduction"
    assert [e.quote.split("\t")[0] for e in found.operands] == ["before", "4 h"]


@pytest.mark.parametrize(
    "text",
    [
        "The steroid injection gave 80 % relief for three weeks.",
        "SCS trial in March: 80% better.",
        "If the trial gives 50 % relief we will implant.",
        "Celiac plexus neurolysis: pain 9 -> 2.",
        "The goal of the trial is at least 50 % relief.",
        "Her sister had the trial and was 90% better.",
        "Physical therapy: NRS 8 in, NRS 4 out.",
        '"Preliminary trial provided at least 50% reduction in pain with minimal side effects" is asked for.',
        "Pain relief in trial >= 50%?   ☐ Yes  ☐ No",
    ],
)
def test_other_procedures_goals_other_people_and_prompts_are_no_trial_relief(text: str) -> None:
    assert relief(text) == []


def test_stated_and_computed_relief_that_disagree_both_stay() -> None:
    found = relief(
        "NEURAXIAL TRIAL SUMMARY\nOutcome: 60% pain relief.\n"
        "Scores: pre-trial 8/10. On catheter, day 1: 5/10, day 2: 5/10."
    )
    assert {f.attributes["side"] for f in found} == {"at_least_half", "under_half"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("IT trial: walked 600 ft against 120 ft before.", "improved"),
        ("Epidural trial: ODI 58 -> 34.", "improved"),
        ("End of trial: Oswestry 66 (was 64).", "unchanged"),
        ("TRIAL PT RECORD\nMeasure\tBefore\tDuring\nSix-minute walk\t128 m\t251 m", "improved"),
    ],
)
def test_function_before_and_during_the_trial(text: str, value: str) -> None:
    assert [f.value for f in relief(text, "trial_function")] == [value]


def test_the_trials_own_date_is_found_and_a_planned_trial_is_not() -> None:
    assert [f.date for f in find_trials("note", pages("IT hydromorphone trial 1/27/26 went well."), "2026-03-20")] == [
        "2026-01-27"
    ]
    told = find_trials("note", pages("03/18/2026 RN: since the trial on 1/27/2026 she has slept."), "2026-03-20")
    assert [f.date for f in told] == ["2026-01-27"]
    assert find_trials("note", pages("Intrathecal trial is scheduled for 02/10/2026."), "2026-03-20") == []


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("the intrathecal trial", "trial"),
        ("lumbar ESI x2", "other"),
        ("spinal cord stimulator trial", "other"),
        ("intrathecal baclofen test dose", "other"),
        ("will schedule the epidural trial", "planned"),
        ("blood pressure normal", ""),
    ],
)
def test_which_procedure_the_words_are_about(text: str, topic: str) -> None:
    assert topic_of(text) == topic


def test_a_dictations_procedure_line_makes_its_flowsheet_the_trials() -> None:
    text = (
        "PROCEDURE DICTATION\nDATE OF SERVICE: 01/20/2026. PROCEDURE: Lumbar epidural "
        "catheter, opioid trial.\n"
        "SCORES AS CHARTED:\nTime\tScore\tComment\n07:30\t8\tbefore catheter\n10:00\t6\tresting\n12:00\t5\tup\n"
        "14:00\t5\tup"
    )
    assert [f.value for f in relief(text)] == [37.5]


def test_consent_wording_on_what_counts_as_success_is_no_relief() -> None:
    assert relief("IT trial note. It is thought to have worked when pain drops by half or more.") == []


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("All but a quarter of the pain was gone.", 75.0),
        ("Only one quarter of the pain was left.", 75.0),
        ("Pain was a third of what it had been.", 66.7),
        ("Just a fifth of her usual pain remained.", 80.0),
        ("Four fifths of the pain persisted.", 20.0),
        ("Pain dropped to 40 percent of baseline.", 60.0),
        ("Pain dropped by 40 percent.", 40.0),
        ("Not even half of the pain went away.", "under_half"),
        ("The pain was not reduced by half.", "under_half"),
        ("Relief never exceeded 50 %.", "under_half"),
        ("The pain was reduced by no less than 50 %.", 50.0),
        ("Best relief 70 %, worst 30 %, average 45 %.", 45.0),
        ("60 % relief on day one, 30 % on day two.", "vague"),
        ("Relief was 80 % for two of the 48 hours.", "vague"),
        ("Relief was 70 percent in the first hour only.", "vague"),
        ("Relief was 80 % for eighteen hours.", 80.0),
        ("Pain came down 5 points from 9.", 55.6),
        ("Pain came down 3 points from 8.", 37.5),
        ("Pain went from 8 to a 4-5.", "vague"),
        ("Pain went from 8 to 2-3.", 62.5),
        ("Pain fell from 8 to somewhere between 3 and 5.", "vague"),
        ("Her score of 9 came down by 6 points.", 66.7),
        ("What remained was a quarter of the pain.", 75.0),
    ],
)
def test_what_is_left_what_is_gone_and_for_how_much_of_the_trial(sentence: str, value: float | str) -> None:
    assert [f.value for f in relief(f"The intrathecal trial is done. {sentence}")] == [value]


def test_a_figure_that_was_only_hoped_for_is_no_relief() -> None:
    (made,) = relief("The intrathecal trial is done. Her daughter thought that the pain would be 60 % better.")
    assert made.assertion.hypothetical


@pytest.mark.parametrize(("day", "left_out"), [("2025-03-28", True), ("2026-07-22", False), ("2026-09-01", False), (None, False)])
def test_scores_charted_long_before_the_trial_are_of_something_else(day: str | None, left_out: bool) -> None:
    (scores,) = relief("Pain in the trial fell from 8 to 3.")
    assert scores.rule == "relief.scores"
    assert before_trial(replace(scores, date=day), ["2026-07-21"]) is left_out
