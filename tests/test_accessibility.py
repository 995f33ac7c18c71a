"""Every page against WCAG 2.2 AA, in light and dark, at 1366x768 and at 200 % of it: axe finds nothing, nothing scrolls sideways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browsing import CHROMIUM, pictured, signed_in, violations
from made_reviews import write_workspace
from served import served

from pipeline.store import Store, access, factors, open_store
from pipeline.store.ingest import ingest
from pipeline.web.app import create_app

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium")
SIZES = {"1366x768": {"width": 1366, "height": 768}, "200 %": {"width": 683, "height": 384}}
PLACES = ("/", "/?state=done", "/agreement", "/people", "/audit", "/you", "/nowhere")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("seen")
    found = open_store(folder / "store")
    ingest(found, write_workspace(folder, packets=2, criteria=20))
    yield found
    found.close()


@pytest.fixture(scope="module")
def address(store: Store) -> Iterator[str]:
    with served(lambda _: create_app(store)) as found:
        yield found


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SIZES)
def tab(request: pytest.FixtureRequest, browser: Any, scheme: str) -> Iterator[Any]:
    # axe is put into the page, which the page's own CSP would refuse
    context = browser.new_context(viewport=SIZES[request.param], bypass_csp=True, color_scheme=scheme)
    found = context.new_page()
    found.set_default_timeout(60_000)
    yield found
    context.close()


def wrong(tab: Any) -> list[str]:
    sideways = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
    return violations(tab) + ([f"scrolls sideways by {sideways}"] if sideways > 0 else [])


def test_the_pages_before_one_is_in(tab: Any, store: Store, address: str) -> None:
    with store.write("test") as tx:
        link = access.make_link(tx, "reviewer", ["default"])
        known = access.find_account(tx.conn, "Half")
        account = int(str(known["id"])) if known else access.add_account(tx, "Half", "reviewer", ["default"])
        factors.begin(tx, account)
    found = {}
    for place in ("/login", f"/setup/{link}"):
        tab.goto(address + place)
        found[place] = wrong(tab)
    signed_in(tab.context, address, store, "Half", pending=True)
    tab.goto(f"{address}/factor")
    assert tab.locator("svg.square").count() == 1
    found["/factor"] = wrong(tab)
    tab.fill("[name=code]", "000000")
    tab.click("button.main")
    tab.wait_for_selector("[role=alert]")
    found["a wrong code"] = wrong(tab)
    assert {place: said for place, said in found.items() if said} == {}


def test_the_pages_of_an_admin(tab: Any, store: Store, address: str) -> None:
    signed_in(tab.context, address, store, "Ada", "admin")
    found = {}
    for place in PLACES:
        tab.goto(address + place)
        found[place] = wrong(tab)
    assert {place: said for place, said in found.items() if said} == {}


def test_the_queue_and_a_packet(tab: Any, store: Store, address: str, scheme: str) -> None:
    signed_in(tab.context, address, store, "Ada", "admin")
    tab.goto(address)
    wide = tab.viewport_size["width"] == 1366
    if wide:
        pictured(tab, f"queue-{scheme}")
    tab.click("text=case-02")
    tab.wait_for_selector("html[data-ready=yes]")
    if tab.locator("text=Start review").count():
        tab.click("text=Start review")
        tab.wait_for_selector("html[data-ready=yes]")
    found = {"packet": wrong(tab)}
    tab.evaluate("document.querySelector('#c-I\\\\.B\\\\.2 .head').click()")
    if wide:
        pictured(tab, f"packet-{scheme}")
    tab.keyboard.press("e")
    found["correcting"] = wrong(tab)
    tab.keyboard.press("Escape")
    tab.keyboard.press("?")
    found["help"] = wrong(tab)
    assert {place: said for place, said in found.items() if said} == {}
