"""Context around a concept, and that no word of a note reaches any stream."""

import subprocess
import sys
from dataclasses import replace

import pytest

from extractors.clinical import assertions, concept_data, concepts, context_data
from extractors.document import Excerpt
from extractors.finding import Finding
from extractors.modality import with_modality


@pytest.mark.parametrize("example", context_data()["examples"], ids=lambda e: e["text"])
def test_every_example_of_the_context_rules(example):
    start = example["text"].find(example["concept"])
    (found,) = assertions(example["text"], [(start, start + len(example["concept"]))])
    for name in example.keys() - {"text", "concept"}:
        assert getattr(found, name) is example[name]


def test_several_concepts_of_one_sentence():
    text = "No fever, but cellulitis of the foot."
    fever, cellulitis = assertions(text, [(3, 8), (14, 24)])
    assert fever.negated
    assert not cellulitis.negated


def test_a_marked_note_is_silent_on_every_stream():
    marked = "Zyxwv Marker has no infection."
    code = f"from extractors.clinical import assertions; assertions({marked!r}, [(20, 29)]); import medspacy"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Marker" not in done.stdout + done.stderr
    assert "Zyxwv" not in done.stdout + done.stderr


@pytest.mark.parametrize("example", concept_data()["examples"], ids=lambda e: e["text"])
def test_every_example_of_the_concepts(example):
    mentions = concepts(example["text"])[example["kind"]]
    for name in example.keys() - {"text", "kind"}:
        assert all(getattr(m, name) for m in mentions) is example[name]


def test_an_unsure_reading_gives_way_to_the_context_rules():
    quote = "If the infection clears, we will proceed."
    said = Finding("infection", "absent", Excerpt("note", 1, 0, len(quote), quote), "learned", score=0.7)
    assert with_modality(said).assertion.hypothetical
    assert not with_modality(replace(said, score=0.95)).assertion.hypothetical
