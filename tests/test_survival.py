"""Expected survival told as a time."""

import pytest

from extractors.survival import forecast


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Life expectancy is more than 6 months.", "long"),
        ("Expected survival 6-12 months.", "long"),
        ("survival in the region of nine to fourteen months", "long"),
        ("Life expectancy: three months.", "short"),
        ("no more than 8 weeks", "short"),
        ("a month or two", "short"),
        ("days to two weeks", "short"),
        ("3 months or less", "short"),
        ("weeks to months", "vague"),
        ("2-4 months", "vague"),
        ("somewhere between two and five months", "vague"),
        ("> 12 months", "long"),
        ("to be measured in years", "long"),
        ("at least a year", "long"),
        ("less than 6 months", "vague"),
        ("Prognosis > 3 mo per oncologist", "long"),
        ("with no time at all", None),
        ("pain for the past 3 years", None),
    ],
)
def test_forecast(text, value):
    assert forecast(text) == value
