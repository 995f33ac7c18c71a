"""Drug screens, as panels and as sentences."""

import numpy as np
import pytest

from extractors.document import Page
from extractors.screens import find_screens
from extractors.structure import segments

POOR, GOOD, SUSPECTED = ("adherence", "poor"), ("adherence", "good"), ("substance_use_disorder", "suspected")


def screens(text: str) -> list[tuple[str, object]]:
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    return [(f.kind, f.value) for f in find_screens("note", [(page, segments(page))], "2026-02-10")]


HEADER = "URINE DRUG SCREEN\n\nDrug\tResult\tPrescribed\tInterpretation\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("Oxycodone\tPOS\tYes\tConsistent\nCocaine\tNEG\tNo\tConsistent", [GOOD]),
        ("Oxycodone\tNEG\tYes\tINCONSISTENT\nCocaine\tNEG\tNo\tConsistent", [POOR]),
        ("Oxycodone\tPOS\tYes\tConsistent\nCocaine\tPOS\tNo\tINCONSISTENT", [POOR, SUSPECTED]),
        ("Oxycodone\tPOS\tYes\nCocaine\tPOS\tNo", [POOR, SUSPECTED]),
        ("Oxymorphone\tPOS\tmetabolite\nOxycodone\t1,412 ng/mL\tY\nMorphine\t<50\tN", [GOOD]),
        ("Hydrocodone\tnot detected\tas needed\tConsistent\nCocaine\tNEG\tNo\tConsistent", []),
        ("Ethyl glucuronide\tPOS\tNo\tINCONSISTENT", [POOR]),
        ("Creatinine\t12\tNo\tABNORMAL\nOxycodone\tPOS\tYes\tConsistent", [GOOD]),
    ],
)
def test_a_panel_is_judged_as_a_whole(rows: str, expected: list[tuple[str, object]]) -> None:
    assert screens(HEADER + rows) == expected


def test_the_expected_column_may_be_told_as_a_result() -> None:
    table = "TOXICOLOGY\n\nAnalyte\tResult\tCutoff\tExpected\nMorphine\tPositive 2,300 ng/mL\t50\tPositive\nTHC\tNegative\t20\tNegative"
    assert screens(table) == [GOOD]
    assert screens(table.replace("THC\tNegative\t20", "THC\tPositive 61\t20")) == [POOR, SUSPECTED]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The urine screen showed nothing that she was not prescribed.", [GOOD]),
        ("UDT today: only the prescribed tapentadol and its metabolite.", [GOOD]),
        ("UDS consistent with his regimen.", [GOOD]),
        ("Urine was negative for the hydromorphone that he is prescribed.", [POOR]),
        ("The urine did not show the morphine she fills each month.", [POOR]),
        ("UDS + for cocaine, + for oxycodone.", [POOR, SUSPECTED]),
        ("Drug screen: methamphetamine detected, not prescribed.", [POOR, SUSPECTED]),
        ("Alprazolam was found in the urine without a prescription.", [POOR, SUSPECTED]),
    ],
)
def test_a_sentence_tells_what_a_screen_showed(text: str, expected: list[tuple[str, object]]) -> None:
    assert screens(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "UDS positive for oxycodone, negative for cocaine and methamphetamine.",
        "Cocaine, PCP and heroin not detected in the urine.",
        "If the urine is positive for cocaine the trial is off.",
        "Urine culture positive for E. coli.",
        "Her brother's urine was positive for heroin.",
        "She agrees to random urine screens and to take only prescribed drugs.",
        "Test\tResult\tReference\nPlatelets\t210\t150-400",
        "The screen is pending.",
    ],
)
def test_what_shows_nothing_unexpected_or_nothing_at_all_is_no_finding(text: str) -> None:
    assert screens(text) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("3/4\tUDS\thydrocodone +, cocaine +\tno, none prescribed", [POOR, SUSPECTED]),
        ("3/4\tUDS\thydrocodone +\tyes", [GOOD]),
        ("3/4\tpill count\t30 of 30\tyes", []),
    ],
)
def test_a_log_of_tests_holds_a_screen_in_one_row(row, expected):
    assert screens("Date\tTest\tFound\tExpected?\n" + row + "\n3/9\tcall\tleft message\tn/a") == expected


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("URINE DRUG SCREENS\nDate\tResult\tNote\n06/10/2026\topiates +\texpected\n10/14/2026\tcocaine metabolite +\tpending", {"adherence", "substance_use_disorder"}),
        ("Urine drug test 07/29/2025: hydrocodone, norhydrocodone, benzoylecgonine.", {"adherence", "substance_use_disorder"}),
        ("Urine drug test 07/29/2025: hydrocodone, norhydrocodone.", set()),
    ],
)
def test_what_a_log_or_a_list_holds_is_judged(text: str, kinds: set[str]) -> None:
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    found = find_screens("note", [(page, segments(page))], "2026-10-20")
    assert {f.kind for f in found if f.value in ("poor", "suspected")} == kinds
