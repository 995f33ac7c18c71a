"""`chartproof assert` on lines as other programs write them: headings, wrapped and repeated words, no punctuation."""

import json

import pytest

from pipeline.cli import main


def asserted(tmp_path, capsys, text: str, concept: str, nth: int = 0) -> dict[str, bool]:
    start = -1
    for _ in range(nth + 1):
        start = text.index(concept, start + 1)
    file = tmp_path / "concepts.jsonl"
    file.write_text(
        json.dumps({"id": 7, "text": text, "start": start, "end": start + len(concept)}) + "\n", encoding="utf-8"
    )
    assert main(["assert", str(file)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("id") == 7
    return found


@pytest.mark.parametrize(
    ("text", "concept", "modes"),
    [
        ("Past Medical History:\nLupus. Sarcoidosis.", "Sarcoidosis", ["historical"]),
        ("FAMILY HISTORY:\nColon cancer at 50. Migraine.", "Migraine", ["historical", "family"]),
        ("Patient denies\nchest pain or night\nsweats", "night\nsweats", ["negated"]),
        ("patient denies fever chills cough", "cough", ["negated"]),
        ("Possible abscess of the scalp.", "abscess", ["uncertain"]),
        ("Return for any new weakness.", "weakness", ["hypothetical"]),
    ],
)
def test_what_is_said_of_a_concept(tmp_path, capsys, text, concept, modes):
    assert [name for name, held in asserted(tmp_path, capsys, text, concept).items() if held] == modes


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Past Medical History:\nLupus.\nAssessment:\nFoot drop.", "Foot drop"),
        ("Allergies: penicillin. Airway clear.", "Airway clear"),
        ("No fever on Monday. Fever since Tuesday.", "Fever"),
    ],
)
def test_what_stands_elsewhere_says_nothing(tmp_path, capsys, text, concept):
    assert not any(asserted(tmp_path, capsys, text, concept).values())


def test_each_occurrence_is_read_by_itself(tmp_path, capsys):
    text = "No pain at rest, but pain on walking."
    assert asserted(tmp_path, capsys, text, "pain")["negated"]
    assert not asserted(tmp_path, capsys, text, "pain", nth=1)["negated"]
