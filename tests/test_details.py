"""What a finding's own words add to it."""

import pytest

from extractors.details import with_details, with_interaction
from extractors.document import Excerpt
from extractors.finding import Finding
from extractors.modality import with_modality


@pytest.mark.parametrize(
    ("quote", "value"),
    [
        ("After the TIA we put her on clopidogrel and aspirin.", "taken"),
        ("Eliquis was started on 02/28.", "taken"),
        ("Apixaban, started in May, will be held three days before.", "held"),
        ("She takes warfarin; last dose five days before the pump.", "held"),
    ],
)
def test_an_anticoagulant_whose_holding_no_word_speaks_of_is_taken(quote: str, value: str) -> None:
    finding = Finding("anticoagulant", "held", Excerpt("note", 1, 0, len(quote), quote), "learned")
    assert with_details(finding).value == value


@pytest.mark.parametrize(
    ("quote", "still_to_come"),
    [
        ("Psych clearance: [x] Yes [ ] No date: pending", True),
        ("Cleared by psychology, report to follow.", True),
        ("Cleared by psychology on 01/20; authorization pending.", False),
    ],
)
def test_an_evaluation_whose_report_is_to_come_is_none(quote: str, still_to_come: bool) -> None:
    finding = Finding("psychological_evaluation", "cleared", Excerpt("note", 1, 0, len(quote), quote), "learned", score=0.95)
    assert with_modality(finding).assertion.hypothetical == still_to_come


@pytest.mark.parametrize(
    ("quote", "asked_for"),
    [
        ("CPT 62362 programmable pump, 40 mL", True),
        ("We are requesting a programmable pump with catheter.", True),
        ("CPT 62362; she has a dual chamber pacemaker.", False),
        ("A programmable baclofen pump is in place since 2015.", False),
    ],
)
def test_the_pump_that_is_asked_for_is_no_other_device(quote: str, asked_for: bool) -> None:
    finding = Finding("programmable_device", "present", Excerpt("note", 1, 0, len(quote), quote), "learned")
    assert with_details(finding).assertion.hypothetical == asked_for


def test_a_device_told_not_to_interact_is_settled_and_another_is_not() -> None:
    def device(quote: str, value: str) -> Finding:
        return with_details(Finding("programmable_device", value, Excerpt("note", 1, 0, len(quote), quote), "learned", date="2026-02-01"))

    said = device("The ICD and the pump will not affect each other.", "absent")
    assert [f.value for f in with_interaction([device("Type: ICD", "present"), device("Cochlear implant, left", "present"), said])] == [
        "absent",
        "present",
        "absent",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "quote", "uncertain"),
    [
        ("programmable_device", "present", "02/2019 auto SCT, mel 200.", True),
        ("programmable_device", "present", "His device was interrogated in May.", False),
        ("epidural_tumor", "absent", "No other level of epidural disease from T11 down to L4.", True),
        ("epidural_tumor", "absent", "No epidural disease from T11 down to L4.", False),
    ],
)
def test_words_that_cannot_say_so_are_doubted(kind: str, value: str, quote: str, uncertain: bool) -> None:
    finding = Finding(kind, value, Excerpt("note", 1, 0, len(quote), quote), "learned")
    assert with_details(finding).assertion.uncertain is uncertain
