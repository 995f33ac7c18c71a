"""Visits kept of visits planned."""

import pytest

from extractors.attendance import kept_share


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Episode 06/03/2025 - 08/28/2025 12 sessions scheduled 5 kept, 7 no-show", 5 / 12),
        ("Scheduled 12, attended 3 (6/3, 6/17, 7/22), no show 6, cancelled 3", 3 / 12),
        ("She attended 9 of 10 sessions.", 9 / 10),
        ("Came to only four of the twelve classes.", 4 / 12),
        ("11 of 12 PT visits were completed.", 11 / 12),
        ("Eight visits authorized, eight visits attended.", 1.0),
        ("Visits authorized: 16   attended: 15", 15 / 16),
        ("She missed only two of her last twenty visits.", 18 / 20),
        ("No-showed for 6 of 9 appointments.", 3 / 9),
        ("Seven cancellations in the past ten sessions.", 3 / 10),
        ("Out of her twelve aquatic sessions she skipped nine.", 3 / 12),
        ("Of the 16 visits offered he attended 15.", 15 / 16),
        ("He turned up for 3 of the 8 classes.", 3 / 8),
    ],
)
def test_the_share_is_read(text: str, share: float) -> None:
    assert kept_share(text) == pytest.approx(share)


@pytest.mark.parametrize(
    "text",
    [
        "Completed 3 of 4 questionnaires in the waiting room, pain 5/10.",
        "She attends every session.",
        "Made 1 of 2 calls.",
        "Missed 1 of 30 doses.",
        "He came in at 9 of 10 on the pain scale.",
        "20 sessions authorized through December.",
    ],
)
def test_other_counts_are_none(text: str) -> None:
    assert kept_share(text) is None
