"""Directions for use to daily MME, checked by hand against the CDC 2022 factors."""

from datetime import date

import pytest

from extractors.sig import regimens_in


@pytest.mark.parametrize(
    ("text", "mme"),
    [
        ("oxycodone ER 40 mg q12h", 120),
        ("OxyContin 20 BID", 60),
        ("Norco 10/325 up to 6 a day", 60),
        ("two 30 mg oxycodone tablets three times daily", 135),
        ("fentanyl 75 mcg/h patch q72h", 180),
        ("fentanyl patch 50 mcg", 120),
        ("methadone 10 TID", 141),
        ("oxycodone IR 30 mg (averaging 9 rescues/day)", 405),
        ("morphine 20 mg/mL 0.5 mL q4h", 60),
        ("oxycodone 5 mg/5 mL, 10 mL q6h", 60),
        ("280 mg of oxycodone a day", 420),
        ("Hydrocodone-acetaminophen 10-325 mg 1 tab three times daily 3 per day", 30),
        ("hydromorphone 8 mg as needed, 5 doses in the past 24 h", 200),
        ("Tylenol #3 2 tabs TID", 27),
        ("oxycodone 15 mg #120/month", 90),
        ("tapentadol ER two hundred fifty mg bid", 200),
        ("tramadol 50 mg q6h", 40),
        ("Hydrocodone 10 x 5/d", 50),
        ("oxymorphone ER 10 mg every twelve hours", 60),
        ("MS ER 120/day", 120),
    ],
)
def test_one_regimen_gives_its_daily_mme(text: str, mme: float) -> None:
    (found,) = regimens_in(text)
    amount, words = found.mme()
    assert amount is not None and amount == (pytest.approx(mme), pytest.approx(mme)), words


def test_a_prn_range_keeps_both_ends() -> None:
    assert regimens_in("oxycodone 10-15 mg q4-6h prn")[0].mme()[0] == (60, 135)


@pytest.mark.parametrize(
    "text",
    [
        "oxycodone 10 mg",
        "methadone twice a day",
        "buprenorphine 8 mg daily",
        "meperidine 50 mg q4h",
        "butrans 20 mcg/h weekly",
    ],
)
def test_an_unknown_strength_frequency_or_factor_is_unknown_and_says_why(text: str) -> None:
    amount, reason = regimens_in(text)[0].mme()
    assert amount is None and reason


def test_doses_in_a_row_keep_their_dates() -> None:
    found = regimens_in("Sept 2025 MS ER 40 BID; Jan 2026 MS ER 50 BID; MS ER 50 BID through Apr 13", date(2026, 4, 20))
    assert [(r.mme()[0], r.day and r.day.iso) for r in found] == [
        ((80, 80), "2025-09-01"),
        ((100, 100), "2026-01-01"),
        ((100, 100), "2026-04-13"),
    ]


def test_a_later_dose_without_a_name_is_the_same_drug() -> None:
    first, second = regimens_in("Tapentadol ER: 250 BID in Apr; 100 BID now")
    assert first.mme()[0] == (200, 200) and second.mme()[0] == (80, 80)


def test_another_drugs_dose_is_not_the_opioids() -> None:
    (found,) = regimens_in("oxymorphone ER 10 BID, duloxetine 60, baclofen 5 HS")
    assert found.mme()[0] == (60, 60)


def test_a_second_strength_taken_with_the_first_is_joined() -> None:
    first, second = regimens_in("methadone 5 mg twice a day and 10 mg at bedtime")
    assert not first.joined and second.joined and not first.superseded
