"""How fast the reviewer's page is, and whether it holds under many reviewers: prints a line of JSON per measure.

python benchmarks/review.py browser               key to saved and redrawn; opening and scrolling 300 pages
python benchmarks/review.py load [--reviewers 50] [--seconds 120]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / "tests")]
TIMED = """() => {
  window.took = [];
  let from = 0;
  addEventListener("keydown", (e) => { if (e.key === "c") from = performance.now(); }, true);
  document.addEventListener("htmx:afterSettle", () => { // once for the criterion, once for the progress beside it
    const begun = from;
    from = 0;
    if (begun) requestAnimationFrame(() => setTimeout(() => took.push(performance.now() - begun)));
  });
}"""
"""From the key to the frame after the server's answer was drawn."""
FRAMES = """async () => {
  const pages = document.querySelector("#pages"), gaps = [];
  let last = performance.now();
  for (let n = 0; n < 120; n++) {
    pages.scrollBy(0, 400);
    await new Promise(requestAnimationFrame);
    gaps.push(performance.now() - last); last = performance.now();
  }
  return gaps;
}"""


def made(folder: Path, packets: int, criteria: int, pages: int):
    """A store with packets of the tests' making."""
    from made_reviews import write_workspace

    from pipeline.store import open_store
    from pipeline.store.ingest import ingest

    store = open_store(folder / "store")
    ingest(store, write_workspace(folder, packets, criteria, pages))
    return store


def session(store, name: str, role: str = "reviewer") -> str:
    from pipeline.store import access

    with store.write("benchmark") as tx:
        return access.start_session(tx, access.add_account(tx, name, role, ["default"]), "benchmark")


def browser() -> None:
    from browsing import CHROMIUM, FLAGS, signed_in
    from playwright.sync_api import sync_playwright
    from served import served

    from pipeline.web.app import create_app

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        store = made(Path(folder), 1, 20, 300)
        with served(lambda _: create_app(store)) as address:
            chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            context = chromium.new_context(viewport={"width": 1366, "height": 768})
            signed_in(context, address, store, "Ann")
            page = context.new_page()
            page.goto(address)
            page.click("text=case-01")
            page.click("text=Start review")
            page.wait_for_selector("html[data-ready=yes]")
            opened = []
            for _ in range(5):
                begun = time.perf_counter()
                page.goto(page.url.split("#")[0])
                page.wait_for_selector("html[data-ready=yes]")
                opened.append(time.perf_counter() - begun)
            print(json.dumps({"open_300_pages_s": round(statistics.median(opened), 3), "worst": round(max(opened), 3)}))
            gaps = page.evaluate(FRAMES)
            print(json.dumps({"scroll_frame_ms": round(statistics.median(gaps), 1), "worst": round(max(gaps), 1)}))
            page.evaluate(TIMED)
            _decide(page)
            took = page.evaluate("took")
            print(json.dumps({"key_to_redrawn_ms": round(statistics.median(took), 1), "worst": round(max(took), 1),
                              "decisions": len(took)}))  # fmt: skip
            chromium.close()
        store.close()


def _decide(page) -> None:
    """Confirm whatever can be confirmed with one key, with a second's pause as a reader makes it."""
    for _ in range(20):
        if page.locator(".criterion.now[data-status=conflicting]").count():
            page.keyboard.press("j")
        page.wait_for_timeout(500)
        page.keyboard.press("c")
        page.wait_for_timeout(500)


async def reviewer(address: str, cookie: str, until: float, told: dict[str, list], n: int) -> None:
    """Claim a packet, open it, decide and undo, look at pages, go on with the next: as a hasty reviewer does."""
    import httpx

    dice = random.Random(n)
    async with httpx.AsyncClient(base_url=address, cookies={"__Host-sid": cookie}, timeout=60) as http:
        queue = await _get(http, told, "/")
        csrf = re.search(r'name="csrf" value="([^"]+)"', queue)[1]
        keys = re.findall(r'href="/packets/(\w+)"', queue)
        http.headers["X-CSRF-Token"] = csrf
        mine = keys[n % len(keys)]
        await _post(http, told, f"/packets/{mine}/claim", {}, {303})
        numbers: dict[str, int] = {}
        while time.monotonic() < until or not (numbers or told["errors"]):
            shown = await _get(http, told, f"/packets/{mine}")
            for name, deciding in re.findall(r'data-id="([^"]+)".*?data-deciding="([^"]*)"', shown):
                at = numbers.get(name, 0)
                action = "undo" if at % 2 else "confirm"
                data = {"action": action, "number": str(at), "seen": deciding, "reason": "as seen", "seconds": "1"}
                if await _post(http, told, f"/packets/{mine}/decide/{name}", data, {200}):
                    numbers[name] = at + 1
                    told["acknowledged"].append((mine, name, at + 1))
                await asyncio.sleep(dice.uniform(0.2, 1.0))
                if time.monotonic() > until and numbers:
                    return
            await _get(http, told, f"/packets/{mine}/pages/0/1.png")


async def _get(http, told, path: str) -> str:
    answer = await http.get(path)
    if answer.status_code != 200:
        told["errors"].append((path, answer.status_code))
    return answer.text if answer.headers["content-type"].startswith("text/html") else ""


async def _post(http, told, path: str, data: dict[str, str], good: set[int]) -> bool:
    begun = time.perf_counter()
    answer = await http.post(path, data=data)
    told["seconds"].append(time.perf_counter() - begun)
    if answer.status_code not in good:
        told["errors"].append((path, answer.status_code))
    return answer.status_code in good


async def crowd(address: str, cookies: list[str], seconds: float) -> dict[str, list]:
    """All reviewers at once; what was acknowledged, what went wrong, how long each change took."""
    told: dict[str, list] = {"acknowledged": [], "errors": [], "seconds": []}
    until = time.monotonic() + seconds
    await asyncio.gather(*(reviewer(address, cookie, until, told, n) for n, cookie in enumerate(cookies)))
    return told


def kept(store) -> set[tuple[str, str, int]]:
    """(packet's key, criterion, number) of every decision in the store."""
    query = "SELECT p.key, d.criterion, d.number FROM decisions d JOIN reviews r ON r.id = d.review JOIN packets p ON p.id = r.packet"
    with store.read() as conn:
        return {(key, criterion, number) for key, criterion, number in conn.exec_driver_sql(query)}


def load(reviewers: int, seconds: float) -> int:
    """50 reviewers, a packet each, over HTTP on loopback; 1 when anything failed or a decision was lost."""
    from served import served

    from pipeline.store import audit
    from pipeline.web.app import create_app

    with tempfile.TemporaryDirectory() as folder:
        store = made(Path(folder), reviewers, 20, 1)
        cookies = [session(store, f"reviewer {n}") for n in range(reviewers)]
        with served(lambda _: create_app(store)) as address:
            told = asyncio.run(crowd(address, cookies, seconds))
        lost = set(told["acknowledged"]) - kept(store)
        with store.read() as conn:
            bad = audit.verify(conn, store.audit_key).bad
        store.close()
    ordered = sorted(told["seconds"])
    print(json.dumps({"reviewers": reviewers, "seconds": seconds, "acknowledged": len(told["acknowledged"]),
                      "errors": len(told["errors"]), "lost": len(lost), "audit_bad": bad,
                      "median_s": round(statistics.median(ordered), 3),
                      "p95_s": round(ordered[int(len(ordered) * 0.95)], 3)}))  # fmt: skip
    return int(bool(told["errors"] or lost or bad))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("browser", "load"))
    parser.add_argument("--reviewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    args = parser.parse_args()
    return load(args.reviewers, args.seconds) if args.what == "load" else browser() or 0


if __name__ == "__main__":
    sys.exit(main())
