"""INR and platelets."""

import numpy as np
import pytest

from extractors.document import Page
from extractors.labs import find_labs
from extractors.structure import segments


def labs(text: str, day: str | None = "2026-03-20") -> list[tuple[str, object, str | None]]:
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    return [(f.kind, f.value, f.date) for f in find_labs("note", [(page, segments(page))], day)]


@pytest.mark.parametrize("words", ["84", "84 K", "84 x10^3/uL", "84,000", "84 x 10^9/L", "84 thousand"])
def test_a_platelet_count_is_the_same_in_every_unit(words: str) -> None:
    assert labs(f"Platelets {words}, INR 1.1.") == [("platelets", 84.0, "2026-03-20"), ("inr", 1.1, "2026-03-20")]


def test_a_result_table_gives_the_result_not_the_range_or_the_previous_one() -> None:
    text = (
        "LABORATORY\nCollected 02/16/2026 07:55   Reported 02/17/2026\n"
        "Test\tResult\tFlag\tUnits\tReference\tPrevious\nPlatelet count\t84\tL\t10^9/L\t150-400\t141\nINR\t1.0\t0.9-1.1"
    )
    assert labs(text) == [("platelets", 84.0, "2026-02-16"), ("inr", 1.0, "2026-02-16")]


def test_a_table_with_a_day_a_row_gives_each_days_results() -> None:
    text = (
        "Date\tINR\tPlatelets 10^9/L\tGoal INR\tHgb g/dL\n02/12/2026\t3.4\t202\t2.5\t10.9\n"
        "03/17/2026\t2.1\t\t2.5\t\n03/18/2026\tclotted\t98\t2.5\t11.2"
    )
    assert labs(text) == [
        ("inr", 3.4, "2026-02-12"),
        ("platelets", 202.0, "2026-02-12"),
        ("inr", 2.1, "2026-03-17"),
        ("platelets", 98.0, "2026-03-18"),
    ]


def test_an_earlier_result_keeps_its_own_date_and_a_repeat_is_read_from_the_next_sentence() -> None:
    assert labs("Platelets were 84 in November on valproate. Off the drug now; repeat today 172.") == [
        ("platelets", 84.0, "2025-11-01"),
        ("platelets", 172.0, "2026-03-20"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Platelets: specimen clumped, please recollect.",
        "INR not sent.",
        "Goal INR under 1.5 before surgery.",
        "Check INR if on warfarin.",
        "PLT\tTNP\t150-400",
        "Brother's platelets were 20.",
    ],
)
def test_missing_results_targets_and_relatives_are_no_result(text: str) -> None:
    assert labs(text) == []


def test_a_row_that_begins_with_its_day_is_of_that_day_whatever_day_the_report_has() -> None:
    assert labs("Collected\tTest\tResult\n04/02/2026\tINR\t1.8\n04/02/2026\tHemoglobin\t12.1") == [("inr", 1.8, "2026-04-02")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Platelets of March 16 are 233 and the INR is 1.0.", [("platelets", 233.0, "2026-03-16"), ("inr", 1.0, "2026-03-16")]),
        ("INR (3/14/26): 1.2; plt 201 on March 5.", [("inr", 1.2, "2026-03-14"), ("platelets", 201.0, "2026-03-05")]),
        ("INR on 3/14/2026 was 1.2", [("inr", 1.2, "2026-03-14")]),
    ],
)
def test_a_day_between_a_test_and_its_result_is_neither(text: str, told: list[tuple[str, object, str]]) -> None:
    assert labs(text) == told
