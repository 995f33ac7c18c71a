"""What stands out in a packet: how it is asked for, what is found on plain data, and how it is told with its excerpts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from made_chat import write_packet

from extractors.document import Document
from extractors.identity import Identity
from pipeline.chat.compose import reply
from pipeline.chat.misfits import OutOfOrder, Times, jaccard, other_identities, out_of_order, repeats
from pipeline.chat.odd import ASKED, asked
from pipeline.chat.packet import PacketView, open_packet

OWN = Identity("VERRET, SIMONE", "1958-09-14", "30718846")
BANNER = "Patient: VERRET, SIMONE A DOB: 1958-09-14 MRN: 30718846\n"
DOCUMENTS = {
    "01_request": f"Prior authorization request\n{BANNER}Date of request: 02/19/2026\nCPT 62362 pump, 62350 catheter\n",
    "02_visit": f"Clinic note\n{BANNER}Date of service: 02/12/2026\nNo active infection.\nElectronically signed 02/10/2026 Paul Landry, MD\n",
    "03_trial": f"Intrathecal trial record\n{BANNER.replace('1958-09-14', '1985-09-14')}Date of procedure: 03/03/2026\nProcedure: intrathecal morphine trial 03/03/2026. Pain 8 before, 3 after.\n",
    "04_visit": f"Clinic note\n{BANNER}Date of service: 01/08/2026\nStimulator out since 2022. Signed 01/09/2026 Paul Landry, MD\n",
}


@pytest.fixture
def odd(tmp_path: Path) -> PacketView:
    """A request for a pump whose trial is dated after it, a signature before its visit, a date of birth unlike the others."""
    request = {"request_date": "2026-02-19", "phase": "implant", "codes": ["62362"]}

    def screened(documents: Sequence[Document]) -> Mapping[str, Any]:
        return {"request": request, "documents": [{"document_id": d.document_id, "ocr_pages": [], "warnings": []} for d in documents]}

    return open_packet(write_packet(tmp_path / "odd", DOCUMENTS, screened), "p1")


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("anything odd in this packet?", tuple(ASKED)),
        ("does anything not fit?", tuple(ASKED)),
        ("any red flags here", tuple(ASKED)),
        ("are there contradictions?", ("conflicts",)),
        ("do any of these documents contradict each other", ("conflicts",)),
        ("do the dates make sense?", ("dates",)),
        ("was anything signed before the visit", ("dates",)),
        ("is this all one patient?", ("identity",)),
        ("same DOB on every page?", ("identity",)),
        ("are there duplicate pages", ("repeats",)),
        ("any illegible pages?", ("unreadable",)),
        ("anything odd about the psych eval?", ()),
        ("does the chart contradict itself about alcohol?", ()),
        ("does someone else live with her", ()),
        ("date of the trial?", ()),
        ("was the scan read", ()),
    ],
)
def test_what_is_asked_of_the_whole_names_no_one_thing_in_it(packet: PacketView, question: str, kinds: tuple[str, ...]) -> None:
    assert asked(question, packet) == kinds


def test_times_out_of_order_are_told_and_others_are_not() -> None:
    on_time = Times("visit", "2026-02-12", "2026-02-12", ("2026-02-12", "2026-02-20"))
    early, late = Times("note", "2026-02-12", "2026-01-30", ("2026-01-29",)), Times("labs", "2026-02-20", "2026-02-20")
    of_trial = Times("trial", "2026-03-03", "2026-03-03")
    found = list(out_of_order([on_time, early, late, of_trial], "2026-02-19", ("trial", "2026-03-03")))
    assert found == [
        OutOfOrder("trial", "trial", "2026-03-03", "2026-02-19"),
        OutOfOrder("note", "signed", "2026-01-29", "2026-01-30"),
        OutOfOrder("labs", "dated", "2026-02-20", "2026-02-19"),
    ]
    assert not list(out_of_order([on_time, late], None, ("trial", "2026-03-03")))


@pytest.mark.parametrize(
    ("page", "recognised", "fields"),
    [
        (Identity(None, "1958-09-14", "30718846"), False, []),
        (Identity(None, "1958-09-15", "30718846"), False, ["date of birth"]),
        (Identity(None, "1958-09-15", "30718848"), True, []),
        (Identity(None, "1985-09-14", None), True, ["date of birth"]),
        (Identity(None, None, "30718864"), False, ["record number"]),
        (Identity(None, None, "91150027"), False, []),
        (Identity(None, None, "3071"), False, []),
    ],
)
def test_a_near_miss_is_another_writing_of_the_identity_and_a_scan_may_misread(page: Identity, recognised: bool, fields: list[str]) -> None:
    place = ("note", 1)
    assert [one.field for one in other_identities({place: page}, OWN, {place} if recognised else ())] == fields


def test_repeated_pages_are_found_without_comparing_every_pair() -> None:
    forms = {(f"d{n:03d}", 1): frozenset([*(f"form{k}" for k in range(40)), *(f"w{n}x{k}" for k in range(60))]) for n in range(300)}
    forms[("copy", 1)] = forms[("d007", 1)] - {"w7x1"} | {"fax"}
    forms |= {(f"blank{n:03d}", 1): frozenset(f"form{k}" for k in range(40)) for n in range(100)}
    compared = 0

    def counted(one: frozenset[str], other: frozenset[str]) -> float:
        nonlocal compared
        compared += 1
        return jaccard(one, other)

    found = dict(repeats(forms, counted))
    assert found == {("copy", 1): ("d007", 1)} | {(f"blank{n:03d}", 1): ("blank000", 1) for n in range(1, 100)}
    assert compared <= len(forms)


def test_the_filter_misses_no_pair_that_comparing_all_would_find() -> None:
    pages = {(f"p{n}", 1): frozenset([*(f"w{n // 4}x{k}" for k in range(60)), *(f"u{n}x{k}" for k in range(n % 7))]) for n in range(80)}
    firsts: list[tuple[str, int]] = []
    expected = set()
    for place, words in pages.items():
        if any(jaccard(words, pages[other]) >= 0.9 for other in firsts):
            expected.add(place)
        else:
            firsts.append(place)
    assert {place for place, _ in repeats(pages)} == expected and 10 < len(expected) < 60


def test_dates_that_do_not_fit_are_told_with_both_days(odd: PacketView) -> None:
    told = reply("do the dates make sense?", odd, {})
    assert "02_visit bears a signature of 02/10/2026, before its date of 02/12/2026." in told.text
    assert "The trial is dated 03/03/2026, after the request of 02/19/2026." in told.text and "04_visit" not in told.text
    assert {"Date of service: 02/12/2026", "Date of request: 02/19/2026"} <= {e.quote for e in told.citations}
    after = told.text.split("\n")
    assert after[after.index("The trial is dated 03/03/2026, after the request of 02/19/2026.") + 1].startswith('  "')


def test_an_identity_that_differs_is_told_and_one_that_does_not_is_counted(odd: PacketView, packet: PacketView) -> None:
    told = reply("is this all one patient?", odd, {})
    assert "03_trial, page 1: date of birth 09/14/1985; most pages have 09/14/1958." in told.text
    assert any("1985-09-14" in e.quote for e in told.citations)
    assert "No page bears a patient's name" in reply("is this all one patient?", packet, {}).text


def test_everything_odd_is_one_list(odd: PacketView, packet: PacketView) -> None:
    told = reply("anything odd in this packet?", odd, {})
    assert "date of birth 09/14/1985" in told.text and "signature of 02/10/2026" in told.text and told.status == "answered"
    assert reply("does anything not fit?", odd, {}).told == told.told
    assert "tells its reader what to decide" in reply("anything suspicious?", packet, {}).told[-1][0]
    assert reply("are there contradictions?", odd, {}).told == (("No criterion is in conflict: on none does the record contradict itself.", ()),)
