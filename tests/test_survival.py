"""Expected survival told as a time."""

import numpy as np
import pytest

from extractors.document import Page
from extractors.structure import segments
from extractors.survival import find_survival, forecast


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("☒ Yes ☐ No   Is life expectancy greater than 3 months?", "long"),
        ("☐ Yes ☒ No   Is life expectancy greater than 3 months?", "short"),
        ("☒ Yes ☐ No   3l. Life exp. over 3 mos.", "long"),
        ("☐ Yes ☐ No   Is life expectancy greater than 3 months?", None),
    ],
)
def test_a_box_answers_what_is_asked_of_a_time(line, value):
    form = Page(1, line, np.full((len(line), 4), np.nan, np.float32), 612, 792)
    found = [f.value for f in find_survival("form", form, segments(form), [None])]
    assert found == ([value] if value else [])


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
