"""Doubtful words of a recognised page are set right by its sure ones; sure words and digits stay as they are."""

from __future__ import annotations

import pytest

from extractors.readers.ocr_engines import Token
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
