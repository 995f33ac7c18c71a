"""Single scores and changes in a stretch of text."""

import pytest

from extractors.scores import changes_in, pain_scores


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Baseline NRS 8, NRS during the trial 5", [(8, "before"), (5, "during")]),
        ("pre-trial 8/10", [(8, "before")]),
        (
            "before 6, 7, 7; during 5, 5, 4",
            [(6, "before"), (7, "before"), (7, "before"), (5, "during"), (5, "during"), (4, "during")],
        ),
        ("Pain on admission 7, on each of the trial days 4", [(7, "before"), (4, "during")]),
        ("She marked 9 before the bolus and 5 as her best later then.", [(9, "before"), (5, "during")]),
        ("Mean of usual days: 7", [(7, "before")]),
        ("Mean of infusion days: 4", [(4, "during")]),
        ("8 before; 6, 6, 5 on drug", [(8, "before"), (6, "during"), (6, "during"), (5, "during")]),
    ],
)
def test_each_score_has_the_phase_its_words_give(text: str, expected: list[tuple[float, str]]) -> None:
    assert [(s.value, s.phase) for s in pain_scores(text, True)] == expected


@pytest.mark.parametrize(
    "text",
    ["strength 4/5", "goal pain 3/10", "RR 8 and BP 120", "day 2 at L3", "ODI 58", "pain for 6 weeks", "relief of 65%"],
)
def test_grades_goals_and_other_measures_are_no_pain_scores(text: str) -> None:
    assert pain_scores(text, True) == []


def test_a_change_belongs_to_the_measure_named_last() -> None:
    found = changes_in("VAS 8.5 -> 3, ODI 58->34", "pain")
    assert [(c.measure, c.before, c.during) for c in found] == [("pain", 8.5, 3), ("less", 58, 34)]


@pytest.mark.parametrize("text", ["sleeping 4 to 5 hours", "L5 to S1 fusion", "oxycodone 10 to 5 mg", "goal 8 to 3"])
def test_ranges_levels_doses_and_goals_are_no_change(text: str) -> None:
    assert changes_in(text, "pain") == []
