"""Every key of the help panel does what the panel says, and nothing in a text field or when single keys are off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from browsing import CHROMIUM, FLAGS, opened, signed_in
from made_reviews import write_workspace
from served import served

from pipeline.store import open_store
from pipeline.store.ingest import ingest
from pipeline.web.app import create_app
from pipeline.web.chat_routes import Talks
from pipeline.web.words import KEYS

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium")
STATE = """() => ({
  now: document.querySelector(".criterion.now")?.dataset.id,
  here: document.querySelector(".excerpt.here")?.dataset.e,
  decided: document.querySelectorAll(".criterion.decided").length,
  page: document.querySelector("#jump").value,
  zoom: document.querySelector("#pages").style.getPropertyValue("--zoom"),
  highlights: !document.querySelector("#pages").classList.contains("no-marks"),
  help: document.querySelector("#help").open,
  talk: !document.querySelector("#talk").hidden,
  selecting: !document.querySelector("#selecting").hidden,
})"""
"""What keys change on the page."""
FOCUSED = "document.activeElement.name || document.activeElement.id"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("keys")
    workspace = write_workspace(folder, criteria=20)
    store = open_store(folder / "store")
    ingest(store, workspace)
    with served(lambda _: create_app(store, talks=Talks(workspace))) as address, playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        context = chromium.new_context(viewport={"width": 1366, "height": 768})
        signed_in(context, address, store, "Ann")
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(address)
        opened(page, "case-01")
        yield page
        chromium.close()
    store.close()


@pytest.fixture
def fresh(tab: Any) -> Any:
    """The packet's page as it is when it was just opened; what was decided stays."""
    tab.goto(tab.url.split("#")[0])
    tab.wait_for_selector("html[data-ready=yes]")
    return tab


def at(tab: Any, number: int) -> str:
    """Open a criterion; its selector."""
    name = f"#c-I\\.B\\.{number}"
    if tab.evaluate(STATE)["now"] != f"I.B.{number}":  # a click on the open one folds it
        tab.locator(f"{name} .head").evaluate("head => head.click()")
    assert tab.evaluate(STATE)["now"] == f"I.B.{number}"
    return name


def changed(tab: Any, key: str) -> dict[str, tuple[Any, Any]]:
    """What a key changes: name -> before, after."""
    before = tab.evaluate(STATE)
    tab.keyboard.press(key)
    tab.wait_for_timeout(120)
    after = tab.evaluate(STATE)
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def next_criterion(tab: Any) -> None:
    at(tab, 2)
    assert changed(tab, "j")["now"] == ("I.B.2", "I.B.3")


def previous_criterion(tab: Any) -> None:
    at(tab, 3)
    assert changed(tab, "k")["now"] == ("I.B.3", "I.B.2")


def confirm(tab: Any) -> None:
    name = at(tab, 3)
    tab.keyboard.press("c")
    tab.wait_for_selector(f"{name}[data-decided=insufficient]")
    tab.wait_for_selector("#c-I\\.B\\.4.now")  # one key decides and moves on


def reject(tab: Any) -> None:
    name = at(tab, 6)
    tab.keyboard.press("r")
    assert tab.evaluate(FOCUSED) == "reason"
    tab.keyboard.type("of another year")
    tab.keyboard.press("Enter")
    tab.wait_for_selector(f"{name}[data-decided=insufficient]")
    assert "of another year" in tab.locator(f"{name} .mine-line").text_content()


def correct(tab: Any) -> None:
    name = at(tab, 8)
    tab.keyboard.press("e")
    assert tab.evaluate(FOCUSED) == "status"
    tab.select_option(f"{name} [name=status]", "met")
    tab.fill(f"{name} [name=reason]", "on page 1")
    tab.press(f"{name} [name=reason]", "Enter")
    tab.wait_for_selector(f"{name}[data-decided=met]")


def undo(tab: Any) -> None:
    name = at(tab, 13)
    tab.keyboard.press("c")
    tab.wait_for_selector(f"{name}[data-decided=insufficient]")
    at(tab, 13)
    tab.keyboard.press("u")
    tab.wait_for_selector(f"{name}[data-decided='']")


def note(tab: Any) -> None:
    name = at(tab, 18)
    tab.keyboard.press("m")
    tab.keyboard.type("ask the clinic")
    tab.keyboard.press("Control+Enter")
    tab.wait_for_selector(f"{name} .note >> text=ask the clinic")


def next_excerpt(tab: Any) -> None:
    at(tab, 7)
    assert changed(tab, "]")["here"] == ("s0", "s1")


def excerpt_before(tab: Any) -> None:
    at(tab, 7)
    assert changed(tab, "[")["here"] == ("s0", "s1")  # from the first one round to the last


def select_words(tab: Any) -> None:
    name = at(tab, 3)
    assert changed(tab, "a")["selecting"] == (False, True)
    for key in ("ArrowDown", "Shift+ArrowRight", "Enter"):
        tab.keyboard.press(key)
    tab.wait_for_selector(f"{name} .excerpt >> text=added by the reviewer")


def next_page(tab: Any) -> None:
    at(tab, 1)
    assert changed(tab, "n")["page"] == ("p-0-1", "p-0-2")


def page_before(tab: Any) -> None:
    at(tab, 4)  # its evidence is on the second page
    tab.wait_for_function("document.querySelector('#jump').value === 'p-0-2'")
    assert changed(tab, "p")["page"] == ("p-0-2", "p-0-1")


def jump(tab: Any) -> None:
    tab.keyboard.press("g")
    assert tab.evaluate(FOCUSED) == "jump"


def search(tab: Any) -> None:
    tab.keyboard.press("/")
    assert tab.evaluate(FOCUSED) == "q"


def talk(tab: Any) -> None:
    assert changed(tab, "t")["talk"] == (False, True)
    assert tab.evaluate("document.activeElement.id") == "talk-q"


def highlights(tab: Any) -> None:
    assert changed(tab, "h")["highlights"] == (True, False)
    assert changed(tab, "h")["highlights"] == (False, True)


def larger(tab: Any) -> None:
    width = tab.locator("#p-0-1 .paper").bounding_box()["width"]
    assert changed(tab, "+")["zoom"] == ("", "120%")
    assert tab.locator("#p-0-1 .paper").bounding_box()["width"] > width


def smaller(tab: Any) -> None:
    width = tab.locator("#p-0-1 .paper").bounding_box()["width"]
    assert changed(tab, "-")["zoom"] == ("", "80%")
    assert tab.locator("#p-0-1 .paper").bounding_box()["width"] < width


def help_panel(tab: Any) -> None:
    assert changed(tab, "?") == {"help": (False, True)}
    shown = tab.locator("#help[open] [data-key]").evaluate_all("d => d.map(x => x.dataset.key)")
    assert shown == [key for key, _, _ in KEYS]
    assert changed(tab, "j") == {}  # while it is open, it has the keys
    assert changed(tab, "Escape") == {"help": (True, False)}


DOES: Mapping[str, Callable[[Any], None]] = {
    "j": next_criterion, "k": previous_criterion, "c": confirm, "r": reject, "e": correct, "u": undo, "m": note,
    "]": next_excerpt, "[": excerpt_before, "a": select_words, "n": next_page, "p": page_before, "g": jump, "/": search,
    "t": talk, "h": highlights, "+": larger, "-": smaller, "?": help_panel,
}  # fmt: skip


@pytest.mark.parametrize("key", [key for key, _, _ in KEYS])
def test_a_key_does_what_the_help_says(key: str, fresh: Any) -> None:
    DOES[key](fresh)


@pytest.mark.parametrize("field", ["#q", "[name=reason]", "[name=note]", "#talk-q"])
def test_in_a_text_field_every_key_is_a_letter(field: str, fresh: Any) -> None:
    name = at(fresh, 14)
    if field == "#talk-q":
        fresh.keyboard.press("t")
    elif field != "#q":
        fresh.keyboard.press("r" if field == "[name=reason]" else "m")
    place = field if field.startswith("#") else f"{name} {field}"
    fresh.fill(place, "")
    typed, before = "".join(key for key, _, _ in KEYS), fresh.evaluate(STATE)
    fresh.locator(place).press_sequentially(typed)
    assert fresh.input_value(place) == typed
    assert fresh.evaluate(STATE) == before


def test_in_a_list_a_letter_chooses_and_decides_nothing(fresh: Any) -> None:
    fresh.keyboard.press("g")
    for key in ("c", "u", "h", "+"):
        assert changed(fresh, key).keys() <= {"page"}


def test_single_keys_can_be_switched_off(fresh: Any) -> None:
    fresh.keyboard.press("?")
    fresh.uncheck("#keys-on")
    fresh.keyboard.press("Escape")
    at(fresh, 3)
    for key, _, _ in KEYS:
        assert changed(fresh, key) == {}, key
    fresh.goto(fresh.url)
    fresh.wait_for_selector("html[data-ready=yes]")
    fresh.click("[data-do=help]")
    assert not fresh.is_checked("#keys-on")  # kept for the next page
    fresh.check("#keys-on")
    fresh.keyboard.press("Escape")
    assert changed(fresh, "h")["highlights"] == (True, False)
