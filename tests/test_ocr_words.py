"""Doubtful words of a recognised page are set right by its sure ones; sure words and digits stay as they are."""

from __future__ import annotations

import pytest

from extractors.document import TRUSTED
from extractors.readers.ocr_engines import Strip, Token
from extractors.readers.ocr_merge import STRIPPED, merge
from extractors.readers.ocr_words import mended

SURE = ("Neurosurgery", "consult", "programmable", "pump,", "hydromorphone", "morphine", "1.5")


def read(word: str, confidence: float = 0.5) -> Token:
    tokens = [Token(w, 0.97, (0, 0, 1, 1), 0) for w in SURE]
    return mended([*tokens, Token(word, confidence, (0, 0, 1, 1), 1)])[-1]


@pytest.mark.parametrize(("seen", "meant"), [
    ("neurosurgerv", "neurosurgery"), ("Neurosurgerv.", "Neurosurgery."), ("programmabie", "programmable"),
    ("rnorphine", "morphine"), ("m0rphine", "morphine"), ("HYDR0MORPHONE", "HYDROMORPHONE"), ("consu1t", "consult"),
    ("1O", "10"), ("1l.5", "11.5"), ("(8/1O)", "(8/10)"),
])  # fmt: skip
def test_a_doubtful_word_becomes_its_look_alike_and_stays_doubtful(seen: str, meant: str) -> None:
    assert read(seen)[:2] == (meant, 0.5)


@pytest.mark.parametrize("word", ["pvmp", "oxymorphone", "15", "L4-S1", "62362", "20mg", "O2", "morphine", "Ancelet"])
def test_other_words_stay(word: str) -> None:
    assert read(word).text == word


def test_a_sure_word_is_never_touched() -> None:
    assert read("rnorphine", confidence=0.9).text == "rnorphine"


def test_a_word_with_two_look_alikes_stays() -> None:
    tokens = [Token(w, 0.97, (0, 0, 1, 1), 0) for w in ("wafer", "waler")]
    assert mended([*tokens, Token("water", 0.5, (0, 0, 1, 1), 1)])[-1].text == "water"


def test_a_disputed_number_is_trusted_where_a_closer_look_agrees() -> None:
    cheap, sure = [Token("43", 0.9, (0, 0, 30, 12), 0)], Token("4.3", 0.99, (0, 0, 30, 12), 0)
    strips = [Strip((0, 0, 40, 12), (sure,))]
    for seen, trusted in (("4.3", True), ("4.3,", True), ("43", False), ("", False)):
        (token,) = merge(cheap, strips, lambda box, seen=seen: seen)
        assert (token.text, token.confidence >= TRUSTED) == ("4.3", trusted)


def test_a_closer_look_confirms_no_reading_of_its_own_engine() -> None:
    cheap, unsure = [Token("4.3", 0.9, (0, 0, 30, 12), 0)], Token("48", 0.5, (0, 0, 30, 12), 0)
    (token,) = merge(cheap, [Strip((0, 0, 40, 12), (unsure,))], lambda box: "4.3")
    assert (token.text, token.confidence >= TRUSTED) == ("4.3", False)


def test_the_closer_look_reads_one_word_of_a_page() -> None:
    import numpy as np
    import ocr_pages

    from extractors.readers.ocr_engines import look_closer

    left, top, right, bottom = ocr_pages.font(11).getbbox("Dose")
    picture = np.array(ocr_pages.page(("Dose 180 mg",)))
    assert look_closer(picture, (200 + left, 200 + top, 200 + right, 200 + bottom)).strip(STRIPPED) == "Dose"
    assert look_closer(picture, (0, 0, 0, 0)) == ""
