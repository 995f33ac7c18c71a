"""Numbers, percentages and which side of 50 % they lie on."""

import pytest

from extractors.quantities import number, percents, side


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,200", 1200),
        ("8.5", 8.5),
        ("two hundred fifty", 250),
        ("twenty-five", 25),
        ("seventy", 70),
        ("one point seven", 1.7),
        ("two thousand and ten", 2010),
    ],
)
def test_a_number_in_digits_or_words_has_its_value(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "low", "high", "bound"),
    [
        ("62.5 % better", 62.5, 62.5, "exact"),
        ("somewhere between 40 and 60 percent", 40, 60, "range"),
        ("better than two thirds", 66.7, 66.7, "at_least"),
        ("about half", 50, 50, "about"),
        ("nearly 50 % relief", 50, 50, "nearly"),
        ("just under half", 50, 50, "nearly"),
        ("no more than 40 %", 40, 40, "at_most"),
        ("50 percent or better", 50, 50, "at_least"),
        ("cut in half", 50, 50, "exact"),
        ("sixty per cent gone", 60, 60, "exact"),
        ("reduced by 2/3 over five months", 66.7, 66.7, "exact"),
        ("sixty of every hundred milligrams", 60, 60, "exact"),
        ("Percent reduction: 58", 58, 58, "exact"),
    ],
)
def test_a_percentage_is_read_with_the_bound_its_words_set(text: str, low: float, high: float, bound: str) -> None:
    (found,) = percents(text)
    assert (found.low, found.high, found.bound) == (low, high, bound)


@pytest.mark.parametrize(
    "text",
    [
        "half an hour later",
        "two and a half tablets",
        "a half-life of 6 h",
        "1/2 tab at night",
        "SpO2 on room air",
        "his better half",
    ],
)
def test_other_halves_are_no_percentage(text: str) -> None:
    assert percents(text) == []


@pytest.mark.parametrize(
    ("low", "high", "bound", "expected"),
    [
        (50, 50, "exact", "at_least_half"),
        (49.9, 49.9, "exact", "under_half"),
        (50, 50, "about", "at_least_half"),
        (50, 50, "nearly", "under_half"),
        (40, 60, "range", "vague"),
        (60, 70, "range", "at_least_half"),
        (20, 49, "range", "under_half"),
        (30, 30, "at_least", "vague"),
        (50, 50, "at_least", "at_least_half"),
        (80, 80, "at_most", "vague"),
        (50, 50, "at_most", "under_half"),
        (75, 75, "nearly", "at_least_half"),
    ],
)
def test_the_side_of_the_threshold_follows_the_guide(low: float, high: float, bound: str, expected: str) -> None:
    assert side(low, high, bound) == expected  # type: ignore[arg-type]
