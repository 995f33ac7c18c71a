"""chartproof evaluate: the figures, against counts made by hand."""

from __future__ import annotations

import json

import pytest
import yaml

from pipeline.cli import main
from pipeline.evaluate import evaluate, evidence_hit


def screening(folder, name, criteria, phase="trial", indication="nonmalignant", flags=()):
    folder.mkdir(parents=True, exist_ok=True)
    listed = [{"id": c, "status": s, "evidence": [{"quote": q} for q in quotes]} for c, s, quotes in criteria]
    made = {"request": {"phase": phase, "indication": indication}, "criteria": listed, "flags": list(flags)}
    (folder / f"{name}.json").write_text(json.dumps(made))


def gold(folder, name, criteria, phase="trial", indication="nonmalignant", flags=()):
    (folder / name).mkdir(parents=True)
    listed = {c: {"status": s, "evidence": quotes} for c, s, quotes in criteria}
    case = {"case": name, "phase": phase, "indication": indication, "criteria": listed, "flags": list(flags)}
    (folder / name / "case.yaml").write_text(yaml.safe_dump(case))


@pytest.fixture
def compared(tmp_path):
    gold(
        tmp_path / "gold",
        "a",
        [
            ("I.B.1", "met", ["Postlaminectomy syndrome after fusion"]),
            ("I.B.9", "not_met", ["On antibiotics, day 3 of 7"]),
            ("I.B.2", "insufficient", []),
            ("I.B.5", "conflicting", ["denies alcohol", "alcohol use disorder, active"]),
        ],
        flags=[{"kind": "foreign_patient_page", "document": "x", "page": 2}],
    )
    gold(tmp_path / "gold", "b", [("I.B.1", "met", ["CRPS type I"])], phase="implant")
    screening(
        tmp_path / "w" / "screenings",
        "a",
        [
            ("I.B.1", "met", ["Dx: postlaminectomy syndrome after fusion, stable"]),
            ("I.B.9", "met", ["No infection"]),
            ("I.B.2", "insufficient", []),
            ("I.B.5", "insufficient", ["denies alcohol"]),
        ],
        flags=[{"kind": "foreign_patient_page", "document_id": "x", "page": 3}, {"kind": "unreadable_page"}],
    )
    return evaluate(tmp_path / "w", tmp_path / "gold")


def test_accuracy_counts_a_packet_that_was_not_screened_as_wrong(compared):
    assert (compared["cases"], compared["unscreened"], compared["labels"]) == (2, 1, 5)
    assert compared["accuracy"] == pytest.approx(2 / 5)


def test_macro_f1_is_the_mean_over_the_statuses_that_occur(compared):
    # met: 1 right, 2 gold, 2 predicted; insufficient: 1 right, 1 gold, 2 predicted; the others 0
    assert compared["statuses"]["met"] == {"n": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert compared["macro_f1"] == pytest.approx((0.5 + 0 + 2 / 3 + 0) / 4, abs=1e-4)


def test_false_met_is_told_of_all_that_was_called_met(compared):
    assert compared["false_met"] == {"count": 1, "predicted": 2, "rate": 0.5}


def test_evidence_hits_are_told_of_the_labels_that_have_evidence(compared):
    # a/I.B.1 and a/I.B.5 are shown, a/I.B.9 shows other words, b was not screened
    assert compared["evidence_hit"] == {"count": 2, "labels": 4, "rate": 0.5}


def test_criteria_come_in_policy_order_with_what_was_confused(compared):
    assert list(compared["criteria"]) == ["I.B.1", "I.B.2", "I.B.5", "I.B.9"]
    assert compared["criteria"]["I.B.9"] == {"n": 1, "accuracy": 0.0, "confused": {"not_met as met": 1}}
    assert compared["criteria"]["I.B.1"]["confused"] == {"met as absent": 1}


def test_request_and_flags(compared):
    assert compared["request"] == {"phase": 1, "indication": 1}
    assert compared["flags"] == {"right": 0, "surplus": 1, "missed": 1}


def test_a_bank_of_excerpts(tmp_path):
    items = [
        {"id": "x1", "criterion": "I.B.9", "status": "met", "text": "No infection\u2028here"},
        {"id": "x2", "criterion": "I.B.9", "status": "not_met", "text": "Cellulitis"},
    ]
    bank = tmp_path / "bank.jsonl"
    bank.write_text("\n".join(json.dumps(item, ensure_ascii=False) for item in items))
    screening(tmp_path / "w", "x1", [("I.B.9", "met", ["No infection"])])
    screening(tmp_path / "w", "x2", [("I.B.9", "met", ["Cellulitis"])])
    got = evaluate(tmp_path / "w", bank)
    assert (got["labels"], got["accuracy"], got["false_met"]["count"]) == (2, 0.5, 1)


@pytest.mark.parametrize(
    ("quote", "excerpt", "hit"),
    [
        ("There is no active infection today", "no active infection", True),
        ("No infection", "no fever and no infection was found", True),
        ("met", "met", False),
        ("pain is 8 of 10", "platelets are low at 84", False),
        ("“No” infection’s sign", "no infection's sign", True),
    ],
)
def test_an_excerpt_is_hit_by_most_of_its_words(quote, excerpt, hit):
    assert evidence_hit([quote], [excerpt]) is hit


def test_the_command_prints_figures_for_people_and_for_programs(tmp_path, capsys):
    gold(tmp_path / "gold", "a", [("I.B.1", "met", ["CRPS type I"])])
    screening(tmp_path / "w", "a", [("I.B.1", "met", ["CRPS type I"])])
    assert main(["evaluate", str(tmp_path / "w"), str(tmp_path / "gold")]) == 0
    assert "accuracy 1.000" in capsys.readouterr().out
    assert main(["evaluate", str(tmp_path / "w"), str(tmp_path / "gold"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1.0


def test_a_folder_without_gold_is_refused(tmp_path, capsys):
    (tmp_path / "w").mkdir()
    assert main(["evaluate", str(tmp_path / "w"), str(tmp_path)]) == 2
    assert "no case.yaml" in capsys.readouterr().err


def test_gold_without_a_screening_is_wrong_or_left_out(tmp_path):
    for name in ("a", "b"):
        gold(tmp_path / "gold", name, [("I.B.1", "met", ["CRPS type I"])])
    screening(tmp_path / "w", "a", [("I.B.1", "met", ["CRPS type I"])])
    every, screened = (evaluate(tmp_path / "w", tmp_path / "gold", only) for only in (False, True))
    assert (every["accuracy"], every["unscreened"]) == (0.5, 1)
    assert (screened["accuracy"], screened["cases"], screened["unscreened"]) == (1.0, 1, 0)
