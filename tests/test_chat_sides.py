"""Two documents set side by side: which two a question compares, and what is told of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from made_chat import evidence, write_packet

from extractors.document import Document
from pipeline.chat.compose import reply
from pipeline.chat.intent import understand
from pipeline.chat.packet import PacketView, open_packet
from pipeline.chat.sides import two_sides

DENIED, FOUND = "He has no alcohol use disorder.", "He meets alcohol use disorder, moderate, active."
DOCUMENTS = {
    "01_consult": f"Clinic note\nDate of service: 03/10/2026\nReferred for a pump.\n{DENIED}\nOtto Branch, MD\n",
    "02_psych_castille": f"Psychology report\nDate of service: 03/12/2026\nHe lives with his son.\n{FOUND}\nHelene Castille, PhD\n",
    "03_psych_odom": "Psychology report\nDate of service: 03/20/2026\nOne meeting, no collateral interview.\nMarcus Odom, PsyD\n",
}


@pytest.fixture
def compared(tmp_path: Path) -> PacketView:
    """A consult that denies what a psychologist finds, and the report of another."""

    def screened(documents: Sequence[Document]) -> Mapping[str, Any]:
        sides = ((documents[0], DENIED, "supports"), (documents[1], FOUND, "contradicts"))
        cited = [evidence(document, quote, stance, "substance_use_disorder") for document, quote, stance in sides]
        return {"criteria": [{"id": "I.B.5", "title": "No current alcohol or drug disorder", "status": "conflicting", "rationale": "", "derivation": None, "missing": [], "evidence": cited}]}

    return open_packet(write_packet(tmp_path / "sides", DOCUMENTS, screened), "p1")


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("what differs between the consult and Castille's report?", ("01_consult", "02_psych_castille")),
        ("Odom vs Castille, the gist", ("03_psych_odom", "02_psych_castille")),
        ("does the note of 3/10 match the one of 3/20?", ("01_consult", "03_psych_odom")),
        ("compare the consult of 3/10 with Odom on 3/20", ("01_consult", "03_psych_odom")),
        ("what differs between the two psych reports?", ("02_psych_castille", "03_psych_odom")),
        ("what differs between the two notes about alcohol?", ("01_consult", "02_psych_castille")),
        ("do all three agree?", ()),
        ("does he live with his son?", ()),
    ],
)
def test_the_two_documents_that_a_question_compares(compared: PacketView, question: str, sides: tuple[str, ...]) -> None:
    assert two_sides(understand(question, compared, {}), compared) == sides


def test_each_side_is_told_under_its_document_first_what_the_screening_weighs(compared: PacketView) -> None:
    lines = reply("what differs between the consult and Castille's report?", compared, {}).text.split("\n")
    assert lines[lines.index("01_consult:") + 1].startswith(f'  "{DENIED}"')
    assert lines[lines.index("02_psych_castille:") + 1].startswith(f'  "{FOUND}"')
