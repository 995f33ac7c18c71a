"""A signed-in tab of a real browser, for the tests of the page."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from pipeline.store import Store, access

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
IMAGES = Path(__file__).parent.parent / "docs" / "images"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def signed_in(
    context: Any, address: str, store: Store, name: str, role: str = "reviewer", pending: bool = False
) -> None:
    """Give the browser a session of the person; the account is made where there is none. `pending`: a code is to come."""
    with store.write("test") as tx:
        found = access.find_account(tx.conn, name)
        account = int(str(found["id"])) if found else access.add_account(tx, name, role, ["default"])
        secret = access.start_session(tx, account, "test", pending)
    # a __Host- cookie is set for https alone; on localhost the browser sends it without TLS too
    context.add_cookies([{"name": "__Host-sid", "value": secret, "url": address.replace("http:", "https:"), "secure": True,
                          "httpOnly": True, "sameSite": "Strict"}])  # fmt: skip


def opened(tab: Any, name: str) -> None:
    """The packet's page, taken on where it is free."""
    tab.click(f"text={name}")
    tab.wait_for_selector("html[data-ready=yes]")
    if tab.locator(".acts button.main:not(#finish)").count():
        tab.click(".acts button.main")
        tab.wait_for_selector(".decide >> nth=0", state="attached")
        tab.wait_for_selector("html[data-ready=yes]")


def pictured(tab: Any, name: str) -> None:
    """Keep what the tab shows as a small PNG for the README: `PICTURES=1 pytest tests` makes its pictures anew."""
    if os.environ.get("PICTURES") == "1":
        from PIL import Image

        shown = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
        shown.quantize(64, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


def violations(tab: Any) -> list[str]:
    """What axe finds against WCAG 2.2 AA; the tab's context must bypass the page's own CSP."""
    tab.add_script_tag(path=str(AXE))
    run = "tags => axe.run({runOnly: tags}).then(r => r.violations.map(v => v.id + ': ' + v.nodes[0].html))"
    found: list[str] = tab.evaluate(run, TAGS)
    return found


def decide_all(tab: Any, reason: str = "later note settles it") -> None:
    """Every criterion by keyboard alone: c where it may be confirmed, a typed reason where one is asked."""
    for _ in range(200):
        if not tab.locator(".criterion[data-decided='']").count():
            return
        now = tab.evaluate("document.querySelector('.criterion.now').id")
        tab.keyboard.press("c")
        if tab.evaluate("document.activeElement.name === 'reason'"):
            tab.keyboard.type(reason)
            tab.keyboard.press("Enter")
        # either it was decided and the page went on, or c showed the next excerpt to look at
        tab.wait_for_timeout(250)
        if tab.evaluate("document.querySelector('.criterion.now').id") == now:
            tab.wait_for_timeout(100)
    raise AssertionError("criteria are left")
