"""Daily opioid totals asked for in prose: of the time that is named, with operands cited, or with what is wanting."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_chat import write_packet

from extractors.derive import Total
from pipeline.chat.compose import reply
from pipeline.chat.numbers import asks_totals, of_times
from pipeline.chat.packet import PacketView, open_packet

DOCUMENTS = {
    "01_visit": "Clinic note\nDate of service: 10/07/2025\nMedications: oxycodone ER 40 mg twice a day.\n",
    "02_visit": "Clinic note\nDate of service: 12/02/2025\nMedications: oxycodone ER 20 mg twice a day.\n",
    "03_trial": "Intrathecal trial record\nDate of procedure: 12/09/2025\nProcedure: intrathecal morphine trial 12/09/2025.\n",
    "04_visit": "Clinic note\nDate of service: 02/10/2026\nMedications: oxycodone ER 10 mg twice a day.\n",
}
TOTALS = [Total(day, mme, ()) for day, mme in (("2025-10-07", 120.0), ("2025-12-02", 60.0), ("2026-02-10", 30.0))]


@pytest.fixture
def weaned(tmp_path: Path) -> PacketView:
    """120 MME/day in October, 60 before the trial of December 9, 30 in February."""
    request = {"request_date": "2026-02-19", "phase": "implant", "codes": []}
    return open_packet(write_packet(tmp_path / "doses", DOCUMENTS, lambda documents: {"request": request}), "p1")


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("how much morphine equivalent was he on before the trial?", True),
        ("what was the total per day in March?", True),
        ("daily MME on 4/1?", True),
        ("total daily opioids", True),
        ("total daily PO baclofen", False),
        ("what meds is she on", False),
        ("was morphine used in the trial", False),
    ],
)
def test_totals_are_asked_for_by_equivalents_or_per_day(question: str, asked: bool) -> None:
    assert asks_totals(question) is asked


@pytest.mark.parametrize(
    ("question", "days", "found"),
    [
        ("before the trial", (), [60.0]),
        ("at admission", (), [60.0]),
        ("since the trial", (), [30.0]),
        ("at baseline and now", (), [120.0, 30.0]),
        ("in October", ("2025-10",), [120.0]),
        ("in November", ("2025-11",), []),
        ("on 1/5", ("2026-01-05",), [60.0]),
        ("on 3/5", ("2026-03-05",), []),
    ],
)
def test_a_time_names_its_totals(question: str, days: tuple[str, ...], found: list[float]) -> None:
    assert [t.mme for _, some in of_times(TOTALS, question, days, ("2025-12-09", "2025-12-09")) for t in some] == found


def test_a_total_is_told_with_its_operands_and_against_the_highest(weaned: PacketView) -> None:
    told = reply("how much morphine equivalent was he on before the trial?", weaned, {})
    assert "2025-12-02: 60 MME/day (oxycodone 20 mg x 2/day x 1.5 = 60 MME/day)." in told.text
    assert "120 -> 60 MME/day (2025-10-07 to 2025-12-02) = 50.0 % reduction." in told.text and "30 MME/day" not in told.text
    assert any("oxycodone ER 20 mg twice a day" in e.quote for e in told.citations)


def test_what_is_wanting_is_said(weaned: PacketView, packet: PacketView) -> None:
    assert "No daily total is known in 2025-11; known are 2025-10-07" in reply("MME in November 2025?", weaned, {}).text
    assert "No daily total is known" in reply("total MME per day?", packet, {}).text


def test_a_change_of_one_opioid_is_told_in_its_own_milligrams(weaned: PacketView) -> None:
    assert "50.0 % reduction. Oxycodone: 80 -> 40 mg/day." in reply("how much oxycodone reduction from October to before the trial?", weaned, {}).text
