"""Other readings of misread words, and their silence on clean text."""

from __future__ import annotations

import pytest

from extractors.ocr_text import alternatives, as_number, as_word, lost_points, readings

VOCABULARY = frozenset(
    {"hydromorphone", "morphine", "baclofen", "infection", "clonidine", "intrathecal", "the", "no", "of", "modern"}
)


@pytest.mark.parametrize(
    ("read", "meant"),
    [("m0rphine", "morphine"), ("bac1ofen", "baclofen"), ("1ntrathecal", "lntrathecal"), ("c|onidine", "clonidine")],
)
def test_digits_inside_words_become_letters(read: str, meant: str) -> None:
    assert as_word(read) == meant


@pytest.mark.parametrize(
    "text", ["L4-S1", "62362", "20mg", "10mL", "M96.1", "T10", "B12", "S1", "I10", "O2", "COVID-19", "2x", "morphine"]
)
def test_codes_and_quantities_stay(text: str) -> None:
    assert as_word(text) == text
    assert as_number(text) in (text,)


@pytest.mark.parametrize(("read", "meant"), [("1O", "10"), ("5O%", "50%"), ("l.5", "1.5"), ("3/1O", "3/10")])
def test_letters_inside_numbers_become_digits(read: str, meant: str) -> None:
    assert as_number(read) == meant


def test_a_number_may_have_lost_its_point() -> None:
    assert lost_points("15") == ("1.5",)
    assert lost_points("125") == ("1.25", "12.5")
    assert lost_points("05") == ("0.5",)
    assert lost_points("62362") == () == lost_points("8")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("hydrornorphone", "hydromorphone"),
        ("hydro morphone", "hydromorphone"),
        ("infectlon", "infection"),
        ("c1onidine", "clonidine"),
        ("rnodern", "modern"),
    ],
)
def test_a_misread_word_is_offered_with_its_place(text: str, meant: str) -> None:
    page = f"No sign of {text}, today."
    (found,) = alternatives(page, VOCABULARY)
    assert (page[found.start : found.end], found.text) == (text, meant)


def test_clean_text_offers_nothing() -> None:
    assert list(alternatives("No infection of the modern intrathecal hydromorphone, morphine.", VOCABULARY)) == []


def test_readings_are_bounded() -> None:
    assert len(readings("rnillcliinecl" * 20)) <= 12
