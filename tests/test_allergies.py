"""Allergy lists, and details that a finding's own words add."""

import numpy as np
import pytest

from extractors.allergies import find_allergies
from extractors.details import with_details
from extractors.document import Excerpt, Page
from extractors.finding import Finding
from extractors.structure import segments


def read(text: str) -> list[Finding]:
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    parts = segments(page)
    return list(find_allergies("note", page, parts, [None] * len(parts)))


@pytest.mark.parametrize("text", ["Allergies: NKDA.", "No known drug allergies.", "Allergies none known.", "ALLERGIES\nNone known to any medication, NKDA"])
def test_no_known_allergy(text):
    assert [(f.kind, f.value) for f in read(text)] == [("drug_allergy", "absent")]


def test_a_list_names_its_drugs_and_its_opioids():
    (found,) = read("Allergies: sulfa (rash), morphine (hives)")
    assert found.kind == "allergy_list"
    assert found.attributes["opioids"] == ("morphine",)


def test_nausea_is_no_allergy():
    (found,) = read("Allergies: sulfa (rash), codeine (nausea)")
    assert found.attributes["opioids"] == ()


@pytest.mark.parametrize("text", ["Allergies: ______", "Allergies: reviewed, see list", "Allergies: reviewed.", "Allergies: list reviewed with the patient", "Allergies\n\nNo reaction to morphine or any other opioid ever.", "Mother is allergic to morphine."])
def test_nothing_is_read_from_a_prompt_or_a_pointer(text):
    assert not read(text)


@pytest.mark.parametrize("text", ["The NKDA in the old record is wrong.", "NKDA must be removed from the banner.", "NKDA no longer holds."])
def test_a_none_known_that_is_said_to_be_wrong_is_none(text):
    assert not read(text)


def test_a_device_is_named_by_its_words():
    said = Finding("programmable_device", "present", Excerpt("note", 1, 0, 24, "Pacemaker placed in 2019"), "learned")
    assert with_details(said).attributes == {"device": "pacemaker"}
