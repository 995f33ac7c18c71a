"""What a packet asks for, read from request papers and decided with request.json."""

from __future__ import annotations

import json

import numpy as np
import pytest

from criteria.policy import load_policy
from criteria.request import decide_request, load_given
from criteria.screening import screen
from extractors.document import Document, Page
from extractors.errors import UserError
from extractors.request_asked import asked_phase
from extractors.request_drug import planned_drug
from extractors.request_words import cues

POLICY = load_policy()
BANNER = "Patient: DOE, JANE   DOB: 1960-02-03   MRN: 5512345\n"


def document(name: str, *pages: str) -> Document:
    made = tuple(Page(n, text, np.zeros((len(text), 4), np.float32), 612, 792) for n, text in enumerate(pages, 1))
    return Document(name, f"{name}.pdf", "0" * 64, made)


def decide(*documents: Document, **given):
    return decide_request(POLICY, documents, given)


FORM = BANNER + "PRIOR AUTHORIZATION REQUEST\nDate of request: 03/05/2026\n"


@pytest.mark.parametrize("example", cues()["examples"], ids=lambda e: e["line"][:50])
def test_example_line_is_read(example):
    if "phase" in example:
        assert asked_phase([example["line"]]) == example["phase"]
    if "drug" in example:
        assert planned_drug([example["line"]]) == example["drug"]


def test_pump_codes_make_an_implant_request_though_the_trial_is_cited():
    request = decide(document("form", FORM + "CPT 62362, 62350\nTrial of intrathecal morphine 01/05/2026, 62323\n"))
    assert (request.phase, request.request_date) == ("implant", "2026-03-05")


def test_codes_behind_empty_boxes_are_not_asked_for():
    request = decide(document("form", FORM + "☒ 62323 single injection   ☐ 62362 pump\n☐ 62350 catheter\n"))
    assert (request.phase, request.codes) == ("trial", ("62323",))


def test_codes_in_clinical_notes_are_not_asked_for():
    request = decide(document("form", FORM + "CPT 62362\n"), document("note", BANNER + "Procedure done: 62365\n"))
    assert request.codes == ("62362",)


def test_a_drug_of_a_relative_or_behind_an_empty_box_is_not_the_pumps():
    form = FORM + "CPT 62362\nFamily with pump: brother, baclofen\n☐ Baclofen component requested under other policy\nAgent: opioid per surgeon preference\n"
    note = BANNER + "Takes baclofen 10 mg by mouth. His brother gets his own baclofen pump refilled here.\n"
    request = decide(document("form", form), document("note", note))
    assert (request.phase, request.drug) == ("implant", None)


def test_active_cancer_is_malignant_and_a_survivor_is_not():
    active = document(
        "note", BANNER + "Metastatic lung cancer on chemotherapy.\nCancer pain.\nHospice was discussed.\n"
    )
    past = document(
        "note", BANNER + "Breast cancer survivor, no evidence of disease.\nLumbar stenosis, radiculopathy.\n"
    )
    form = document("form", FORM + "CPT 62362\n")
    assert decide(form, active).indication == "malignant"
    assert decide(form, past).indication == "nonmalignant"


def test_a_packet_that_names_no_cancer_is_about_nonmalignant_pain_once_every_page_is_read():
    form = document("form", FORM + "CPT 62362\n")
    note = document("note", BANNER + "Pain all over since a viral illness. No cause was found.\n")
    assert decide(form, note).indication == "nonmalignant"
    unread = Document("fax", "fax.pdf", "0" * 64, (Page(1, "", np.zeros((0, 4), np.float32), 612, 792, readable=False),))
    assert not decide(form, note).assumed
    unsure = decide(form, note, unread)
    assert (unsure.indication, unsure.assumed) == ("nonmalignant", ("indication",))


def test_what_is_only_added_to_a_pump_and_what_is_only_swallowed_is_not_the_planned_drug():
    lines = ["Drug for the pump: bupivacaine, with an opioid", "Intrathecal hydromorphone by catheter"]
    assert planned_drug(lines) == "hydromorphone"
    assert planned_drug(["Medication: oxycodone 20 mg twice daily", "Intrathecal morphine by catheter"]) == "morphine"


def test_baclofen_is_decided_under_another_policy_though_its_codes_are_those_of_a_pump():
    request = decide(document("form", FORM + "CPT 62362\nDrug in reservoir: baclofen 500 mcg/mL\n"))
    assert (request.phase, request.exclusion) == ("out_of_scope", "baclofen")


def test_oral_baclofen_in_a_note_does_not_put_a_request_out_of_scope():
    request = decide(
        document("form", FORM + "CPT 62362\nPump drug: morphine\n"), document("note", BANNER + "Baclofen 10 mg tid.\n")
    )
    assert (request.phase, request.drug) == ("implant", "morphine")


@pytest.mark.parametrize("line", ["CPT 62370", "☐ Trial ☒ Removal of pump", "We request pump refill, 62368"])
def test_refill_and_removal_are_out_of_scope(line):
    request = decide(document("form", FORM + line + "\n"))
    assert (request.phase, request.exclusion) == ("out_of_scope", "service")


def test_an_insulin_pump_is_out_of_scope():
    request = decide(document("form", FORM + "We request an insulin pump, E0784\n"))
    assert (request.phase, request.exclusion) == ("out_of_scope", "other_pump")


def test_request_json_wins(tmp_path):
    given = {"phase": "trial", "indication": "malignant", "drug": "hydromorphone", "codes": ["62327"]}
    (tmp_path / "request.json").write_text(json.dumps(given))
    request = decide_request(
        POLICY, [document("form", FORM + "CPT 62362\nPump drug: morphine\n")], load_given(tmp_path / "request.json")
    )
    assert (request.phase, request.indication, request.drug) == ("trial", "malignant", "hydromorphone")
    assert (request.codes, request.request_date) == (("62327",), "2026-03-05")


@pytest.mark.parametrize("text", ["{", "[1]", '{"phase": "maybe"}', '{"codes": "62362"}', '{"patient": "Jane"}'])
def test_a_wrong_request_json_is_refused_with_a_remedy(tmp_path, text):
    (tmp_path / "request.json").write_text(text)
    with pytest.raises(UserError, match=r"^request.json: .*; (correct|write|use)|them$"):
        load_given(tmp_path / "request.json")


def test_a_page_of_another_patient_is_found():
    other = "DOE, JANICE | 1988-07-30 | MRN 5512354\nINR 1.0\n"
    request = decide(document("form", FORM), document("note", BANNER), document("labs", BANNER, other))
    assert request.foreign_pages == (("labs", 2),)
    assert (request.patient.name, request.patient.dob) == ("DOE, JANE", "1960-02-03")


def test_one_misread_digit_is_not_another_patient():
    misread = "Patient: DOE, JANE   DOB: 1966-02-03   MRN: 5512345\n"
    plan = "Member: Jane Doe  DOB 02/03/1960  ID 99-120045\n"
    request = decide(document("form", FORM), document("note", BANNER), document("more", misread, plan))
    assert request.foreign_pages == ()


def test_another_patients_page_says_nothing_of_the_request():
    own = document("letter", BANNER + "We ask for a permanent intrathecal pump with morphine for her back.")
    theirs = "Patient: ROE, RICHARD   DOB: 1941-11-30   MRN: 7700112\nMetastatic lung cancer; hospice. Requesting an intrathecal trial with hydromorphone.\n"
    alone, together = decide(own), decide(own, document("bundle", BANNER + "Three pages follow.", theirs))
    assert together.foreign_pages == (("bundle", 2),)
    assert [(r.phase, r.indication, r.drug) for r in (alone, together)] == [("implant", "nonmalignant", "morphine")] * 2


def test_without_a_request_paper_a_trial_that_took_place_means_that_the_pump_is_asked_for():
    trial = BANNER + "Intrathecal morphine trial\nTrial performed 01/05/2026: single-shot intrathecal morphine, pain 8 to 3.\n"
    assert decide(document("record", trial)).phase == "implant"
    assert decide(document("note", BANNER + "Clinic visit 01/05/2026\nLow back pain.\n")).phase == "unknown"


TOLD = "You approved a trial of epidural morphine in December. It was done on January 14 and she slept for three nights."
HOPED = "In the end she will need an intrathecal pump."


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        (f"{TOLD}\nI ask that we may place the permanent device.", "implant"),
        (f"{HOPED} Before that I request the trial: lumbar catheter, 48 hours, hydromorphone.", "trial"),
        ("☐ Yes ☒ No Preliminary trial performed\nService\tpump, programmable, C1772", "implant"),
        ("Permanent pump ☐    Trial of intrathecal opioid ☒    Refill ☐", "trial"),
        ("Service\tYes\tNo\nPermanent pump\t☐\t☒\nTrial of an intrathecal drug\t☒\t☐", "trial"),
        ("Procedure: replacement of intrathecal pump, battery at its end", "implant"),
        ("Service: refill and reprogramming of implanted intrathecal pump, monthly", "out_of_scope"),
        ("CPT\tDescription\nnone\tLumbar catheter, continuous infusion of opioid", "trial"),
        ("E0783 x1, J2274", "implant"),
        ("What are you asking for? ( ) trial dose  (x) implanted pump", "implant"),
        ("Following the two-day catheter trial we are requesting authorization for permanent implantation.", "implant"),
        ("SynchroMed II placement, please authorize", "implant"),
        ("Subject: IT pump trial, single shot", "trial"),
        ("We request the pump without a trial.", "implant"),
        ("Surgery authorization: explantation of IT pump", "out_of_scope"),
        ("Implantable pump for continuous hepatic chemotherapy", "out_of_scope"),
    ],
)
def test_what_is_asked_for_is_told_from_what_was_and_what_may_be(text, phase):
    assert decide(document("letter", BANNER + "Letter of medical necessity\n" + text + "\n")).phase == phase


@pytest.mark.parametrize(
    ("line", "drug"),
    [
        ("The pump will hold Dilaudid.", "hydromorphone"),
        ("Medication to be infused: Infumorph 10 mg/mL", "morphine"),
        ("E0783 x1, J2274", "morphine"),
        ("Pump: morphine 10 mg/mL + clonidine", "morphine"),
        ("I request the trial: lumbar catheter, 48 hours, hydromorphone.", "hydromorphone"),
    ],
)
def test_the_drug_is_read_by_brand_by_code_and_beside_what_is_asked(line, drug):
    assert decide(document("letter", BANNER + "Letter of medical necessity\n" + line + "\n")).drug == drug


@pytest.mark.parametrize(
    ("top", "day"),
    [
        ("Proposed date of service: 04/02/2026\nForm revised 06/01/2024\nRequest date: 03/11/2026", "2026-03-11"),
        ("2 April 2026\nDate of injury: 05/05/2017", "2026-04-02"),
        ("Planned date: 05/11/2026\nS. Metoyer, scheduling\nSigned 04/22/2026", "2026-04-22"),
    ],
)
def test_the_day_of_the_request_is_found_among_others(top, day):
    assert decide(document("form", f"PRIOR AUTHORIZATION\n{top}\nCPT 62362\n")).request_date == day


@pytest.mark.parametrize(
    ("page", "foreign"),
    [
        ("Patient: DOE, JUNE M   DOB: 1960-02-03   MRN: 5519876\n", True),  # a twin
        ("Patient: DOE, IANF   DOB: 1960-02-03   MRN: 5512346\n", False),  # misread twice
        ("Patient: Jane Miller   DOB: 02/03/1960   MRN: 5519876\n", False),  # married since
        ("Patient Name: Odile Fruge\nDate of Birth: 07/30/1971\nMRN: 5512354\n", True),
        ("Patient Name: Jane Doe\nDate of Birth: 02/03/1960\nMRN: 5512345\n", False),
        ("Re: Mr. Hollis Benoit, date of birth 1/9/1955, our chart 44-1209\n", True),
        ("Re: Mrs. Doe, date of birth 2/3/1960, our chart 44-1209\n", False),
        ("Subscriber: DOE, REMY J  DOB 02/02/1958  ID 8812344\n", False),
    ],
)
def test_whose_page_it_is(page, foreign):
    request = decide(document("form", FORM), document("note", BANNER), document("more", page))
    assert request.foreign_pages == ((("more", 1),) if foreign else ())


@pytest.mark.parametrize(
    ("form", "note", "expected"),
    [
        ("Dx: M96.1", "Prostate cancer on treatment.\nOncology note.\nChemotherapy continues.\nLumbar fusion 2009.", "nonmalignant"),
        ("CPT 62362", "Leukemia has nothing to do with her pain.\nOncology note.\nChemotherapy continues.", "nonmalignant"),
        ("Dx: radiation plexopathy after cancer", "Breast cancer 2004, treated.\nOncology note.", "nonmalignant"),
        ("Dx: benign neoplasm of nerve, D36.1", "Tumor board.\nNeoplasm resected.\nOncology note.", "nonmalignant"),
        ("Dx: C25.9", "Lumbar stenosis.\nSpondylosis.\nRadiculopathy.\nDiabetic neuropathy.", "malignant"),
    ],
)
def test_what_the_request_diagnoses_outweighs_what_the_packet_speaks_of_more(form, note, expected):
    packet = document("form", FORM + form + "\n"), document("note", BANNER + note + "\n")
    assert decide(*packet).indication == expected


@pytest.mark.parametrize(
    ("line", "drug"),
    [
        ("Pump drug: hydromorphone, dose to be determined", "hydromorphone"),
        ("Pump drug: morphine or hydromorphone", None),
        ("The choice of drug for the pump has been left open, morphine was given in the trial", None),
    ],
)
def test_an_open_dose_leaves_the_drug_named_and_an_open_choice_does_not(line, drug):
    assert decide(document("form", FORM + "CPT 62362\n" + line + "\n")).drug == drug


def test_where_nobody_asks_the_likelier_is_taken_and_flagged_and_its_criteria_are_shown():
    packet = [document("note", BANNER + "Clinic visit\nIntrathecal therapy was explained. Lumbar arachnoiditis.\nThe pump leaflet was given.\n")]
    request = decide(*packet)
    screening = screen(POLICY, [], request, packet)
    assert (request.phase, request.assumed, screening.pathway) == ("implant", ("phase",), "II.B")
    assert screening.criteria
    assert [flag.detail for flag in screening.flags if flag.kind == "request_unclear"] == [
        "Assumed, as no document tells it: phase (implant); say it in request.json."
    ]
    assert not screen(POLICY, [], decide(*packet, phase="trial"), packet).flags


ADDRESSED = "To the prior authorization nurse\n"


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("We should be grateful for your consent to anchoring a reservoir under her ribs for good, after two nights of catheter in April.", "implant"),
        ("May I have your agreement to a five day stay with a temporary epidural line? Only afterwards will a pump be spoken of.", "trial"),
        ("I am writing to obtain approval of the pump itself. The single shot in January brought her from 9 to 3.", "implant"),
        ("Kindly approve one intrathecal test injection. Should it fail, no implant will be sought.", "trial"),
        ("This is a request for the screening test; the device, if it comes to that, will be the subject of another letter.", "trial"),
        ("It is my wish to skip the trial, given how little time he has, and go straight to a programmable pump.", "implant"),
        ("We hope that you will allow us to find out with a lumbar drug catheter left in for 72 hours whether she responds.", "trial"),
        ("We seek neither a stimulator nor a pump at present, only a trial of epidural hydromorphone.", "trial"),
        ("All we want this time is to thread a catheter for a weekend and watch. Any pump is a matter for the autumn.", "trial"),
        ("She asks for a pump every visit, but I request only the test injection.", "trial"),
        ("Your policy asks for a trial. It was done, and the next step is the implant, for which we now need your number.", "implant"),
        ("I have offered her a pump. We apply for a battery-powered pump with intraspinal catheter.", "implant"),
    ],
)  # fmt: skip
def test_a_letter_in_plain_words_asks_for_the_trial_or_the_pump(text, phase):
    request = decide(document("letter", BANNER + ADDRESSED + text + "\n"))
    assert (request.phase, request.assumed) == (phase, ())


def test_what_is_asked_outright_anywhere_counts_with_the_request_paper():
    paper = document("letter", BANNER + ADDRESSED + "Re: intrathecal pump evaluation\n")
    note = document("note", BANNER + "Clinic visit\nI request an epidural trial. We would like the test dose in June.\n")
    assert decide(paper, note).phase == "trial"


@pytest.mark.parametrize(("asks", "phase"), [("We request the spinal drug trial.", "trial"), ("We request the pump.", "implant")])
def test_where_codes_name_both_the_words_decide(asks, phase):
    assert decide(document("letter", BANNER + ADDRESSED + f"{asks}\nCodes on file: 62323, 62362\n")).phase == phase


def test_a_code_of_what_may_come_is_not_asked_for():
    request = decide(document("letter", BANNER + ADDRESSED + "We request 62323, and if she responds we will send 62362.\n"))
    assert request.codes == ("62323",)


def test_a_leaflet_about_the_trial_is_no_record_of_one():
    leaflet = document("leaflet", "ABOUT YOUR SPINAL INFUSION TRIAL\n\n" + BANNER + "\nYou will lie on your side.\n\n01/05/2026\n")
    plan = document("note", BANNER + "Clinic visit 01/05/2026\nPlan: submit intrathecal trial.\n")
    assert decide(leaflet, plan).phase == "trial"


@pytest.mark.parametrize(
    ("text", "drug"),
    [
        ("I ask for a pump. Into it would go sufentanil alone.", "sufentanil"),
        ("We request the trial. Ziconotide is what we mean to give, since morphine gave him hives.", "ziconotide"),
        ("We ask for the permanent pump. She takes hydromorphone 4 mg by mouth. The reservoir gets morphine.", "morphine"),
        ("An implanted pump is requested. The agent is for the pharmacist's choice. Hydromorphone by catheter helped.", None),
        ("Asking for a single intrathecal shot of fentanyl; he is allergic to morphine.", "fentanyl"),
        ("We request an implanted pump. In the trial in March intrathecal morphine cut his pain by half.", "morphine"),
        ("We request a pump. Fentanyl patch 75 has not held her.", None),
        ("We request a pump. The trial catheter ran morphine. The second catheter ran hydromorphone.", None),
    ],
)
def test_the_drug_of_the_pump_is_told_from_tablets_allergies_and_open_choices(text, drug):
    assert decide(document("letter", BANNER + ADDRESSED + text + "\n")).drug == drug


@pytest.mark.parametrize(
    ("form", "note", "expected"),
    [
        ("CPT 62362", "Her pain comes from a pelvic sarcoma growing into the sacrum.\nBulging discs, neuropathy.", "malignant"),
        ("Cancer pain, CPT 62362", "Metastatic breast cancer.\nLumbar stenosis.\nRadiculopathy L5.\nSpondylosis.", "malignant"),
        ("Nonmalignant pain, CPT 62323", "Oncology follow-up.\nProstate cancer is stable.", "nonmalignant"),
        ("It isn't for cancer. It is the failed-back pain. CPT 62362", "Chemotherapy class.", "nonmalignant"),
        ("CPT 62362", "A mass was feared but biopsy ruled out malignancy. Her parents had lung cancer.", "nonmalignant"),
        ("Failed back, a survivor of lymphoma", "Lymphoma clinic.\nChemotherapy 2019.\nOncology note.", "nonmalignant"),
    ],
)  # fmt: skip
def test_cancer_that_causes_the_pain_is_told_from_cancer_that_does_not(form, note, expected):
    assert decide(document("form", FORM + form + "\n"), document("note", BANNER + note + "\n")).indication == expected
