"""A user's own rules lie over the shipped ones, for as long as they are asked for, and nothing installed is edited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from text_packet import text_packet

from criteria.screening import software_version
from extractors.clinical import assertions, concepts
from extractors.cues import cue
from extractors.document import Page
from extractors.errors import UserError
from extractors.opioids import opioids_in
from extractors.request_facts import drug_names
from extractors.rules import FILES, VARIABLE, own_rules
from extractors.structure import segments
from pipeline.batch.intake import Options, screen_all
from pipeline.packets import find_packets

OWN = {
    "sections.yaml": "family_history:\n  words: [the kin of this man]\nsleep_diary:\n  words: [sleep diary]\n",
    "opioids.yaml": "opioids:\n  oxycodone:\n    names: [roxyzorb]\n",
    "cues.yaml": "weans_others: [landlord]\n",
    "request.yaml": "added:\n  morphine: [pumpmorph]\n",
    "context.yaml": "negated:\n  before: [bereft of]\n",
    "concepts.yaml": "infection:\n  words: [suppuration]\n",
}
TEXT = "THE KIN OF THIS MAN\nDiabetes in his mother.\n\nSleep diary:\nFour hours a night.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in OWN.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def read() -> tuple[object, ...]:
    """What each of the files decides."""
    page = Page(1, TEXT, np.full((len(TEXT), 4), np.nan, np.float32), 612, 792)
    found = segments(page)
    kin = next("family" in s.marks for s in found if "Diabetes" in s.text)
    diary = next(s.section for s in found if "Four" in s.text)
    opioids = [m.opioid.name for m in opioids_in("roxyzorb 5 mg and morphine 15 mg")]
    landlord, pump = bool(cue("weans_others").search("his Landlord")), "morphine" in drug_names("pumpmorph")
    (context,) = assertions("Bereft of fever.", [(10, 15)])
    named = [kind for kind, said in concepts("Bereft of suppuration.").items() if said[0].negated]
    return kin, diary, opioids, landlord, pump, context.negated, named


def test_every_file_is_laid_over_and_taken_off_again(folder: Path) -> None:
    shipped = {name: files("extractors").joinpath(name).read_bytes() for name in FILES}
    before, version = read(), software_version()
    assert before == (False, "", ["morphine"], False, False, False, [])
    with own_rules(folder):
        assert read() == (True, "sleep_diary", ["oxycodone", "morphine"], True, True, True, ["infection"])
        assert software_version().startswith(f"{version}+rules.")
    assert (read(), software_version()) == (before, version)
    assert shipped == {name: files("extractors").joinpath(name).read_bytes() for name in FILES}


def test_a_file_that_was_edited_is_read_again(folder: Path) -> None:
    with own_rules(folder):
        first = software_version()
    (folder / "sections.yaml").write_text("night_log:\n  words: [sleep diary]\n")
    with own_rules(folder):
        assert read()[1] == "night_log" and software_version() != first


def test_a_command_takes_the_folder_from_its_environment(folder: Path) -> None:
    said = "from extractors.opioids import opioids_in; print(len(opioids_in('roxyzorb')))"
    done = subprocess.run(
        [sys.executable, "-c", said], env={**os.environ, VARIABLE: str(folder)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("section.yaml", "a: b", "section.yaml: no rule file has this name; use one of"),
        ("cues.yaml", "weans_others: [a\n", "cues.yaml:2: not YAML"),
        ("cues.yaml", "weans_others: landlord\n", "weans_others is a list; write each entry after '- '"),
        ("sections.yaml", "[family_history]", "holds keys with values"),
        ("sections.yaml", "sleep_diary:\n  marks: [plan]\n", "sleep_diary needs words, as the entries beside it have"),
        ("sections.yaml", "sleep_diary:\n  words: sleep diary\n", "sleep_diary.words is a list"),
        ("concepts.yaml", "infections:\n  words: [pus]\n", "there is no infections; use one of adherence"),
        ("context.yaml", "negative:\n  before: [sans]\n", "there is no negative; use one of"),
    ],
)
def test_a_slip_is_told_with_its_place_and_a_remedy(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as error, own_rules(tmp_path):
        pass
    assert said in str(error.value)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"), own_rules(tmp_path / "none"):
        pass


@pytest.mark.parametrize("engine", ["here", "processes"])
def test_a_batch_reads_with_the_rules_it_was_started_with(engine: str, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "sections.yaml").write_text("psychology:\n  words: [a heading of no consequence]\n")
    packets = find_packets(text_packet(tmp_path))
    told = []
    for folder in (None, tmp_path / "rules"):
        with own_rules(folder) if folder else nullcontext():
            done = screen_all(packets, tmp_path / "out", Options(engine=engine))
            assert (done.counts.screened, done.problems) == (1, ())
            made = json.loads((tmp_path / "out" / "screenings" / "f-01.json").read_text())["software"]
            assert made == software_version()
            told.append(made)
    # the second run did not take the first one's result for its own
    assert told[0] != told[1]
