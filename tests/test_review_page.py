"""The page in a real browser: a packet decided wholly by keyboard, fast, without errors or requests to other hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import CHROMIUM, decide_all, opened, pictured
from made_reviews import write_workspace
from served import served as at_free_port

from pipeline.store import Store, access, open_store
from pipeline.store.ingest import ingest
from pipeline.web.app import create_app
from pipeline.web.passwords import hash_password

playwright = pytest.importorskip("playwright.sync_api")
PASSWORD = "four quiet herons wade"
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    folder = tmp_path_factory.mktemp("page")
    store = open_store(folder / "store")
    ingest(store, write_workspace(folder, packets=2, criteria=20))
    with store.write("test") as tx:
        access.add_account(tx, "Ann", "admin", ["default"], hash_password(PASSWORD))
    with at_free_port(lambda _: create_app(store)) as address:
        yield address, store
    store.close()


@pytest.fixture
def tab(browser: playwright.Browser, served: tuple[str, Store]) -> Iterator[playwright.Page]:
    """Signed in; a console error, a page error or a request to another host fails the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, bypass_csp=False)
    page, wrong = context.new_page(), []
    page.set_default_timeout(20_000)
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith(served[0]) else None)
    page.goto(f"{served[0]}/login")
    page.fill("[name=name]", "Ann")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_selector(".queue")
    yield page
    context.close()
    assert wrong == []


def test_twenty_criteria_by_keyboard_alone(tab: playwright.Page, served: tuple[str, Store]) -> None:
    opened(tab, "case-01")
    decide_all(tab)
    assert tab.locator(".criterion[data-decided='']").count() == 0
    tab.wait_for_function("() => document.activeElement.id === 'finish'")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=How this can be checked")
    assert tab.locator("tbody tr").count() == 20
    pictured(tab, "worksheet-light")


def test_undo_note_and_words_by_keyboard(tab: playwright.Page) -> None:
    opened(tab, "case-02")
    tab.keyboard.press("c")
    tab.wait_for_selector("#c-I\\.B\\.1[data-decided=met]")
    tab.keyboard.press("k")
    tab.keyboard.press("u")
    tab.wait_for_selector("#c-I\\.B\\.1[data-decided='']")
    tab.keyboard.press("m")
    tab.keyboard.type("call the clinic c r e")  # keys are off in text fields
    tab.keyboard.press("Control+Enter")
    tab.wait_for_selector("#c-I\\.B\\.1 .note >> text=call the clinic")
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    tab.keyboard.press("a")
    tab.wait_for_selector("#selecting:not([hidden])")
    for key in ("ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
        tab.keyboard.press(key)
    tab.wait_for_selector("#c-I\\.B\\.3 .excerpt >> text=added by the reviewer")


def test_at_twice_the_size_nothing_is_lost_and_evidence_must_be_in_the_window(tab: playwright.Page) -> None:
    tab.set_viewport_size({"width": 683, "height": 384})  # what 200 % leaves of 1366x768
    opened(tab, "case-02")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.evaluate("document.querySelector('#c-I\\\\.B\\\\.4 .head').click()")
    tab.wait_for_function(IN_WINDOW)


IN_WINDOW = """() => {
  const g = document.querySelector(".marks g.here"), b = g && g.getBoundingClientRect();
  return b && b.top >= 0 && b.bottom <= innerHeight;
}"""


def test_excerpts_and_highlights_lead_to_each_other_and_overlaps_are_cycled(tab: playwright.Page) -> None:
    opened(tab, "case-02")
    tab.evaluate("document.querySelector('#c-I\\\\.B\\\\.2 .head').click()")
    tab.locator("#c-I\\.B\\.2 .quote").nth(1).click()
    tab.wait_for_function(IN_WINDOW)
    # the same words are evidence of I.B.2, and of every fifth criterion after it: clicks go round
    mark = tab.locator(".marks g.here rect").first.bounding_box()
    assert mark
    gone = []
    for _ in range(3):
        tab.mouse.click(mark["x"] + 5, mark["y"] + 5)
        gone.append(tab.locator(".criterion.now").get_attribute("data-id"))
    assert len(set(gone)) == 3


def test_search_finds_words_on_a_page_and_shows_them(tab: playwright.Page) -> None:
    opened(tab, "case-02")
    tab.keyboard.press("/")
    tab.keyboard.type("packet 2, page 2")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#hits mark")
    assert tab.locator("#hits li").count() == 1
    tab.click("#hits button[data-do=hit]")
    tab.wait_for_selector("#p-0-2 .choice rect", state="attached")
    assert tab.locator("#jump").input_value() == "p-0-2"


def test_the_queue_is_searched_and_says_what_is_left(tab: playwright.Page) -> None:
    assert tab.locator("#rows tr").count() == 2 and "left" in tab.locator("#rows").inner_text()
    tab.fill("[name=q]", "case-02")
    tab.wait_for_selector("#rows tr >> nth=1", state="detached")
    tab.fill("[name=q]", "nothing so named")
    tab.wait_for_selector("#rows .empty")


def test_words_that_were_read_unsurely_are_marked_in_the_excerpt(tab: playwright.Page) -> None:
    opened(tab, "case-02")
    assert tab.locator("#c-I\\.B\\.5 q mark").all_text_contents() == ["180"]
    assert tab.locator("#c-I\\.B\\.1 q mark").count() == 0
