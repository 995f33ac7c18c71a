"""Two reviewers and a lead in real browsers: blind second review, adjudication, agreement, and the finished worksheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, decide_all, opened, signed_in, violations
from made_reviews import write_workspace
from served import served

from pipeline.store import Store, open_store, reviews, worksheets
from pipeline.store.access import Viewer
from pipeline.store.ingest import ingest
from pipeline.web.app import create_app

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium")
CRITERIA = 5


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("together")
    found = open_store(folder / "store")
    ingest(found, write_workspace(folder, criteria=CRITERIA))
    yield found
    found.close()


@pytest.fixture(scope="module")
def address(store: Store) -> Iterator[str]:
    with served(lambda _: create_app(store)) as found:
        yield found


def tab_of(browser: Any, store: Store, address: str, name: str, role: str = "reviewer") -> Any:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, bypass_csp=True)
    signed_in(context, address, store, name, role)
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.goto(address)
    return tab


def finish(tab: Any) -> None:
    tab.wait_for_function("document.activeElement.id === 'finish'")
    tab.keyboard.press("Enter")


def test_blind_reviews_adjudication_agreement_and_worksheet(browser: Any, store: Store, address: str) -> None:
    lea = tab_of(browser, store, address, "Lea", "lead")
    lea.click("text=case-01")
    lea.click("text=Packet settings")
    lea.check("[name=double]")
    lea.click("text=Save >> visible=true")
    lea.wait_for_selector("html[data-ready=yes]")

    ann = tab_of(browser, store, address, "Ann")
    opened(ann, "case-01")
    decide_all(ann, "secret of Ann")
    finish(ann)
    bob = tab_of(browser, store, address, "Bob")
    opened(bob, "case-01")
    assert "secret of Ann" not in bob.content() and bob.locator(".criterion.decided").count() == 0
    bob.click("#c-I\\.B\\.3 .head")
    bob.keyboard.press("e")
    bob.keyboard.press("m")  # a letter chosen in the list, no key of the page
    bob.select_option("#c-I\\.B\\.3 [name=status]", "met")
    bob.fill("#c-I\\.B\\.3 [name=reason]", "platelets on page 1")
    bob.keyboard.press("Enter")
    bob.wait_for_selector("#c-I\\.B\\.3[data-decided=met]")
    bob.click("#c-I\\.B\\.1 .head")
    decide_all(bob)
    finish(bob)

    lea.goto(address)
    assert lea.locator("text=To adjudicate >> visible=true").count()
    opened(lea, "case-01")
    assert lea.locator(".criterion[data-decided='']").count() == 1
    assert "platelets on page 1" in lea.locator("#c-I\\.B\\.3 .other").all_inner_texts()[1]
    assert violations(lea) == []
    decide_all(lea)
    finish(lea)
    lea.wait_for_selector("text=How this can be checked")
    assert violations(lea) == []
    table = lea.locator("tbody").inner_text()
    assert "Ann, Bob" in table and "Lea" in table
    for other in ("agreement", "you"):
        lea.goto(f"{address}/{other}")
        assert violations(lea) == []
    lea.goto(f"{address}/agreement")
    assert lea.locator("tr", has_text="I.B.3").inner_text().split()[1:3] == ["1", "0"]


def test_the_worksheet_as_pdf_says_who_what_when_and_the_hashes(
    browser: Any, store: Store, address: str, tmp_path: Path
) -> None:
    from pdfplumber import open as open_pdf

    lea = tab_of(browser, store, address, "Lea", "lead")
    with store.read() as conn:
        packet = reviews.packets_of(conn, Viewer(1, "Lea", "lead"))[0]
        sheet = worksheets.worksheets_of(conn, packet)[-1]
    answers = [lea.request.get(f"{address}/packets/{packet.key}/worksheet.pdf") for _ in range(2)]
    assert answers[0].headers["content-type"] == "application/pdf"
    assert answers[0].body() == answers[1].body()  # the same worksheet, the same bytes
    (tmp_path / "sheet.pdf").write_bytes(answers[0].body())
    with open_pdf(tmp_path / "sheet.pdf") as found:
        text = "\n".join(page.extract_text() for page in found.pages)
    flat = "".join(text.split())
    for wanted in (packet.packet_id, "Ann, Bob", "Lea", "≠ Conflicting", "The wound is infected and red.", "Reviewer’s reason",
                   sheet["sha256"], packet.sha256, "Nothing here approves or denies", "LA.CP.MP.173"):  # fmt: skip
        assert "".join(str(wanted).split()) in flat
