"""The opioid table and names in text."""

import pytest

from extractors.opioids import formulary, opioid_part, opioids_in


def test_the_factors_are_those_of_the_cdc_2022_guideline() -> None:
    """MMWR Recomm Rep 2022;71(RR-3): MME per mg, and per mcg/h for transdermal fentanyl."""
    table = formulary().opioids
    assert {n: o.factor for n, o in table.items() if o.factor} == {
        "codeine": 0.15,
        "hydrocodone": 1.0,
        "hydromorphone": 5.0,
        "methadone": 4.7,
        "morphine": 1.0,
        "oxycodone": 1.5,
        "oxymorphone": 3.0,
        "tapentadol": 0.4,
        "tramadol": 0.2,
    }
    assert {n: o.patch_factor for n, o in table.items() if o.patch_factor} == {"fentanyl": 2.4}


def test_partial_agonists_and_antagonists_are_flagged_and_have_no_factor() -> None:
    table = formulary().opioids
    assert table["buprenorphine"].partial_agonist and table["buprenorphine"].factor is None
    assert table["naloxone"].antagonist and table["naltrexone"].antagonist


@pytest.mark.parametrize(
    ("text", "name", "extended"),
    [
        ("OxyContin 20", "oxycodone", True),
        ("Norco 10/325", "hydrocodone", False),
        ("MS Contin", "morphine", True),
        ("Percocet", "oxycodone", False),
        ("oxy IR 5", "oxycodone", False),
        ("Nucynta ER", "tapentadol", True),
        ("Dilaudid", "hydromorphone", False),
        ("Opana ER", "oxymorphone", True),
        ("Hydrocodone-acetaminophen", "hydrocodone", False),
        ("Duragesic", "fentanyl", False),
        ("Narcan", "naloxone", False),
    ],
)
def test_a_brand_or_short_name_is_its_opioid(text: str, name: str, extended: bool) -> None:
    (found,) = opioids_in(text)
    assert (found.opioid.name, found.extended) == (name, extended)


def test_a_brand_with_one_strength_tells_it() -> None:
    assert opioids_in("Tylenol #3 two tabs")[0].strength == 30


@pytest.mark.parametrize("text", ["oxygen 2 L", "morphea", "a perception test", "hydrocortisone", "Norcold"])
def test_words_that_only_resemble_an_opioid_are_none(text: str) -> None:
    assert opioids_in(text) == []


@pytest.mark.parametrize(("pair", "part"), [((10, 325), 10), ((300, 30), 30), ((7.5, 200), 7.5), ((10, 15), None)])
def test_the_smaller_part_of_a_combination_is_the_opioid(pair: tuple[float, float], part: float | None) -> None:
    assert opioid_part(*pair) == part
