"""Which substance is spoken of, and which of two statements on it says how things stand."""

import pytest

from extractors.document import Excerpt
from extractors.finding import Finding
from extractors.substances import substance, with_substances


def weighed(*said: tuple[str, str]) -> list[Finding]:
    """The statements of one note, each with the value read from it; what counts of them."""
    found, at = [], 0
    for value, quote in said:
        where = Excerpt("note", 1, at, at + len(quote), quote)
        found.append(Finding("substance_use_disorder", value, where, "learned", date="2026-03-10"))
        at += len(quote) + 1
    return [f for f in with_substances(found) if f.assertion.plain and not f.assertion.historical]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Six beers a night.", "alcohol"),
        ("No cocaine, no street drugs.", "drugs"),
        ("Denies alcohol or drug problems.", None),
        ("No substance use disorder.", None),
        ("In remission since 2015.", None),
    ],
)
def test_the_substance_is_named(text: str, named: str | None) -> None:
    assert substance(text) == named


def test_a_remission_told_next_is_what_a_disorder_has_come_to() -> None:
    (left,) = weighed(("present", "Alcohol use disorder carried on the chart."), ("absent", "Sober since 2014."))
    assert left.value == "absent"


@pytest.mark.parametrize(
    "then",
    ["In early remission.", "Cannabis use in remission.", "Denies using more than prescribed."],
)
def test_what_is_no_remission_of_it_leaves_the_disorder(then: str) -> None:
    assert "present" in [f.value for f in weighed(("present", "Alcohol use disorder, moderate."), ("absent", then))]


def test_abstinence_in_agonist_treatment_is_no_absence() -> None:
    (left,) = weighed(("present", "Stable on Suboxone 16 mg for OUD."), ("absent", "No heroin since 2021."))
    assert left.value == "present"


def test_treatment_that_is_over_is_none() -> None:
    left = weighed(("present", "OUD, off buprenorphine since 2019."), ("absent", "In sustained remission."))
    assert [f.value for f in left] == ["absent"]
