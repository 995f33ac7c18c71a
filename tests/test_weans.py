"""Stated weans, and opioids stopped altogether."""

import numpy as np
import pytest

from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.structure import segments
from extractors.weans import find_weans, with_proof


def weans(text: str, day: str | None = "2026-03-20") -> list[Finding]:
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    return find_weans("note", [(page, segments(page))], day)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Opioids were weaned by 62% ahead of the trial.", 62.0),
        ("I have cut his hydrocodone by about half since March.", 50.0),
        ("Total daily opioid reduced by 2/3 over 5 months.", 66.7),
        ("The opioid taper amounted to somewhere between 40 and 60 percent.", "vague"),
        ("Nearly half of the opioid dose has been tapered off.", "under_half"),
        ("His oxycodone is down to 40 percent of what it was.", 60.0),
        ("Methadone has been weaned significantly since the fall.", "vague"),
        ("He is using fewer of the oxycodone than last spring.", "vague"),
        ("She went from six pills a day to two.", 66.7),
        ("By then I was on four of the tablets a day, down from ten.", 60.0),
        ("He was taking nine tablets in the day at first, and we have brought it to six.", 33.3),
        ("On 100 of morphine a day in spring and 80 the morning of the catheter.", 20.0),
        ("She still takes oxycodone 60 mg, the same 60 she had been on in May.", 0.0),
        ("Oral opioid cut by half before the test?   ☐ Yes  ☒ No", "under_half"),
        ("Oral opioid cut by half before the test?   ☒ Yes  ☐ No", "at_least_half"),
    ],
)
def test_a_stated_wean_is_read(text: str, value: float | str) -> None:
    assert [f.value for f in weans(text) if f.kind == "opioid_wean"] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "We plan to wean the oxycodone by half before the trial.",
        "Systemic opioids have been weaned by at least 50% is the policy's wording.",
        "Pain fell by 60 % with the block.",
        "Come down on oxycodone in 10 % steps each week.",
        "Her sister cut her opioids by half.",
        "Gabapentin was cut in half.",
        "If she can reduce the opioid by 50 % we will schedule the trial.",
        "Maybe half of the pills, he is not sure.",
        "Oral opioid cut by half before the test?   ☐ Yes  ☐ No",
    ],
)
def test_plans_policy_text_pain_and_other_drugs_are_no_wean(text: str) -> None:
    assert [f.value for f in weans(text) if f.value not in ("vague",)] == []


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("All opioid medication was stopped on February 20.", "2026-02-20"),
        ("He swallowed his last oxycodone on December 19.", "2025-12-19"),
        ("Zero opioids since 12/19.", "2025-12-19"),
        ("She has taken no opioid of any sort.", "2026-03-20"),
        ("Opioids: none.", "2026-03-20"),
    ],
)
def test_stopping_all_opioids_is_a_dose_of_zero_on_its_day(text: str, day: str) -> None:
    (found,) = {(f.value, f.date) for f in weans(text) if f.kind == "opioid_dose"}
    assert found == (0.0, day)


@pytest.mark.parametrize(
    "text",
    [
        "No opioid use disorder.",
        "No opioid change until then.",
        "No other opioid from any prescriber.",
        "All opioids will be stopped before the implant.",
        "Opioid-related constipation.",
    ],
)
def test_other_negated_opioids_are_not_stopping(text: str) -> None:
    assert [f for f in weans(text) if f.kind == "opioid_dose"] == []


@pytest.mark.parametrize(
    ("text", "parts", "stays"),
    [
        ("The long-acting morphine was cut in half, the breakthrough oxycodone left as it was.", ("morphine ER",), True),
        ("MS Contin is down 50 percent. Her Percocet continues at the same dose.", ("morphine ER",), True),
        ("Of her two opioids the methadone has come off by 50 percent; the other has not been adjusted.", ("methadone",), True),
        ("The long-acting opioid was halved.", ("long-acting",), False),
        ("Total opioid dose, methadone included, is down by 60 percent.", (), False),
        ("Both the patch and the hydrocodone were cut by half.", (), False),
        ("She was weaned by 55 percent.", (), False),
    ],
)
def test_of_which_opioid_a_wean_is_said(text: str, parts: tuple[str, ...], stays: bool) -> None:
    (made,) = [f for f in weans(text) if f.kind == "opioid_wean"]
    assert (made.attributes["parts"], made.attributes["stays"]) == (parts, stays)


@pytest.mark.parametrize(
    "text",
    [
        "Her opioid dose was never reduced before the trial.",
        "Opioids had not been weaned ahead of the trial.",
        "No wean of the opioids was attempted.",
    ],
)
def test_opioids_that_never_came_down_are_no_wean(text: str) -> None:
    assert [f.value for f in weans(text) if f.kind == "opioid_wean"] == [0.0]


@pytest.mark.parametrize("text", ["Since the wean her opioid dose is unchanged.", "Her gabapentin dose was not changed."])
def test_a_dose_that_stays_where_a_wean_left_it_says_nothing(text: str) -> None:
    assert [f.value for f in weans(text) if f.kind == "opioid_wean"] == []


def test_one_opioid_stopped_beside_another_that_goes_on_is_a_reduction_of_unknown_size() -> None:
    (found,) = [f for f in weans("Tapentadol ER was discontinued in May. She still takes hydrocodone as needed.") if f.kind == "opioid_wean"]
    assert found.value == "vague"
    assert not [f for f in weans("Tapentadol ER was discontinued in May. Gabapentin continues.") if f.kind == "opioid_wean"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("He has come a long way down on the hydrocodone.", "vague"),
        ("Five tablets where it used to be seven.", "vague"),
        ("Three tablets where it used to be eight.", "at_least_half"),
        ("She is off every one of them.", "at_least_half"),
    ],
)
def test_a_learned_half_needs_words_for_it(text: str, value: str) -> None:
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    assert with_proof(Finding("opioid_wean", "at_least_half", excerpt("note", page, 0, len(text)), "learned")).value == value
