"""Whose words a sentence is: the payer's, or the record's."""

import pytest

from extractors.talk import talk_marks


@pytest.mark.parametrize(
    "text",
    [
        "Your coverage document asks that a member have failed drugs and that he be free of infection and of clotting disorders.",
        'From the plan\'s published text I copy what pertains: "Relief of at least half; no known allergy to the drug being used."',
        'Your reviewer also cited section I.B: "No current alcohol disorder; hyperalgesia has been excluded as a cause."',
        'The denial letter of 2/3 lists as unmet: "a psychological evaluation", "weaning of opioids by at least half".',
        "Your own criteria want the opioids halved before the trial.",
        "As your manual puts it, life expectancy must exceed three months.",
        "Their guideline reads: no active infection, no coagulopathy.",
    ],
)
def test_what_a_payers_paper_wants_is_quoted(text: str) -> None:
    assert "quoted" in talk_marks(text)


def test_a_quotation_is_the_payers_where_the_sentence_before_names_its_paper() -> None:
    lines = 'Among its lines are "Expected to live longer than that", "No infection now" and "A body large enough for it".'
    assert "quoted" in talk_marks(lines, "Your coverage document sets out what you wish to see.")
    assert "quoted" not in talk_marks(lines, "I saw her again in March.")


@pytest.mark.parametrize(
    "text",
    [
        "Your policy asks for a 50 % wean; she has gone from 120 to 45 mg a day.",
        "Your reviewer wants to know about infection: he has none.",
        "She has read your criteria and denies any allergy.",
        "To meet your requirements he was seen by Dr. Lee, psychologist, who cleared him.",
        'He told me "it is the best I have felt in ten years" after the injection.',
        "As your guideline requires, Mrs. Bell weaned her oxycodone from 60 to 20.",
    ],
)
def test_what_the_patient_has_done_about_it_is_the_records_own(text: str) -> None:
    assert "quoted" not in talk_marks(text)


def test_a_colleagues_opinion_is_no_handout_and_a_neighbours_state_not_the_patients() -> None:
    assert not talk_marks("I would expect the lead to kink there; if you try it you will be at it all day.")
    assert "education" in talk_marks("If it leaks you will need a dressing.")
    assert talk_marks("Gentleman in bed 3 vomited twice after his dose.") == {"family"}
