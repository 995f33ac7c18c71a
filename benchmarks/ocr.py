"""How well and how fast scanned pages are read, against the text version of the same pages.

    python benchmarks/ocr.py DEV [--authors f g k] [--every 1] [--harder]

DEV holds `cases.py`, `make_scans.py` and `cases/`. Every document that its front matter calls a scan is rendered twice,
as text and, with the same seeds as the development records, as a scan; the text version is the truth.
`--harder` takes modes and levels of `make_scans.py` instead. Prints one Markdown table row
per level. Times are CPU seconds of this process, so other work on the machine disturbs them little.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import math
import random
import re
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import yaml

from extractors.document import TRUSTED, Page
from extractors.readers import ocr_engines, read_document
from extractors.readers.ocr import recognise_page
from extractors.readers.scan import page_picture

Place = Callable[[float, float], tuple[float, float]]
"""From a point of the text page to the same point of the scan."""
HARDER = (
    ("fax_fine", "light"),
    ("fax_std", "light"),
    ("gray200", "medium"),
    ("fax_fine", "medium"),
    ("fax_std", "medium"),
)


@dataclass
class Tally:
    """Sums over the pages of one level."""

    pages: int = 0
    characters: int = 0
    edits: int = 0
    words: int = 0
    words_right: int = 0
    numbers: int = 0
    numbers_right: int = 0
    numbers_kept: int = 0
    trusted: int = 0
    trusted_right: int = 0
    rows: int = 0
    rows_right: int = 0
    ticks: int = 0
    ticks_right: int = 0
    ticks_extra: int = 0
    unreadable: int = 0
    seconds: float = 0.0
    engine_seconds: float = 0.0
    both_seconds: float = 0.0
    overlaps: list[float] = field(default_factory=list)
    misses: list[tuple[str, ...]] = field(default_factory=list)


class Clock:
    """CPU time spent inside the engines, however they are called."""

    def __init__(self) -> None:
        self.seconds = 0.0
        for name in ("read_cheaply", "read_thoroughly", "read_again", "look_closer", "orientation"):
            setattr(ocr_engines, name, self._timed(getattr(ocr_engines, name)))

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            start = time.process_time()
            try:
                return call(*args)
            finally:
                self.seconds += time.process_time() - start

        return timed


def main() -> None:
    """Measure and print."""
    options = arguments()
    clock = Clock()
    warm_up()
    tallies: dict[str, Tally] = defaultdict(Tally)
    with tempfile.TemporaryDirectory() as folder:
        for level, truth, scan, number, place in scans(options, Path(folder)):
            measure(tallies[level], clock, truth, scan, number, place, options.both)
    for level, tally in tallies.items():
        print(row(level, tally), flush=True)
        for miss in tally.misses[: options.misses]:
            print("   ", *miss)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dev", type=Path)
    parser.add_argument("--authors", nargs="+", default=["f", "g", "k"], help="first letters of the case folders")
    parser.add_argument("--every", type=int, default=1, help="take every n-th scanned document")
    parser.add_argument("--harder", action="store_true", help="instead, modes and levels of make_scans.py, first pages")
    parser.add_argument("--both", action="store_true", help="time both engines in full on every page, too")
    parser.add_argument("--misses", type=int, default=0, help="words to print that were read wrongly, per level")
    return parser.parse_args()


def warm_up() -> None:
    """Load the engines before the clock counts."""
    white = np.full((400, 400), 255, np.uint8)
    ocr_engines.read_cheaply(white)
    ocr_engines.read_thoroughly(white)
    ocr_engines.read_again(white, [(0, 0, 100, 40)])


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def scans(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Page, Path, int, Place]]:
    """Level, text page, scan file, page number and place map of every scanned page."""
    cases = module(options.dev / "cases.py")
    harder = module(options.dev / "make_scans.py") if options.harder else None
    seen = 0
    for case_file in sorted(options.dev.glob("cases/*/case.yaml")):
        name = case_file.parent.name
        if name[0] not in options.authors:
            continue
        case = yaml.safe_load(case_file.read_text())
        rng = random.Random(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
        for note in sorted(case_file.parent.glob("*.md")):
            drawn: list[tuple[str, int]] = []

            def degrade(clean: Path, out: Path, level: str, seed: int, drawn: list[tuple[str, int]] = drawn) -> None:
                drawn.append((level, seed))
                shutil.copy(clean, out)

            text = folder / f"{name}_{note.stem}.pdf"
            cases.render_doc(note, text, case, rng, degrade)
            if not drawn:
                continue
            seen += 1
            if (seen - 1) % options.every:
                continue
            level, seed = drawn[0]
            truth = read_document(text).pages
            if harder is None:
                scan = text.with_suffix(".scan.pdf")
                cases.degrade(text, scan, level, seed)
                for page, angle in zip(truth, angles(level, seed, len(truth)), strict=True):
                    yield level, page, scan, page.number, turned(page, angle)
            else:
                yield from harder_scans(harder, text, truth[0], seed)


def harder_scans(make: ModuleType, text: Path, truth: Page, seed: int) -> Iterator[tuple[str, Page, Path, int, Place]]:
    for mode, level in HARDER:
        scan = text.with_suffix(f".{mode}.{level}.pdf")
        made = make.degrade_pdf(
            str(text), str(scan), mode=mode, level=level, seed=seed % 1000, pages=[0], manifest=False
        )
        a, b, c, d, e, f = made["pages"][0]["matrix"]
        yield (
            f"{mode} {level}",
            truth,
            scan,
            1,
            lambda x, y, m=(a, b, c, d, e, f): (m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]),
        )


def angles(level: str, seed: int, pages: int) -> Iterator[float]:
    """The angles that `cases.degrade` draws, found by drawing what it draws."""
    rng = np.random.default_rng(seed)
    for _ in range(pages):
        yield float(rng.uniform(-0.6, 0.6) if level == "clean" else rng.uniform(-1.2, 1.2))
        shape = (2200, 1700)
        if level == "clean":
            rng.normal(0, 6, shape)
            continue
        rng.normal(0, 22, shape)
        rng.random(shape)
        for _ in range(int(rng.integers(0, 3))):
            rng.integers(20, shape[1] - 20)
            rng.random((shape[0], 1))


def turned(page: Page, degrees: float) -> Place:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def place(x: float, y: float) -> tuple[float, float]:
        x, y = x - page.width / 2, y - page.height / 2
        return cos * x + sin * y + page.width / 2, -sin * x + cos * y + page.height / 2

    return place


def measure(tally: Tally, clock: Clock, truth: Page, scan: Path, number: int, place: Place, both: bool) -> None:
    """Recognise one page and add what came of it."""
    picture, width, height = page_picture(scan, number)
    engines_before, start = clock.seconds, time.process_time()
    page = recognise_page(picture, width, height, number)
    tally.seconds += time.process_time() - start
    tally.engine_seconds += clock.seconds - engines_before
    if both:
        start = time.process_time()
        ocr_engines.read_cheaply(picture)
        ocr_engines.read_thoroughly(picture)
        tally.both_seconds += time.process_time() - start
    tally.pages += 1
    tally.unreadable += not page.readable
    want, got = " ".join(truth.text.split()), " ".join(page.text.split())
    tally.characters += len(want)
    tally.edits += distance(want, got)
    count_words(tally, truth, page, place)
    rows = [truth.text[x.start : x.end] for x in truth.lines if x.kind == "row"]
    have = {page.text[x.start : x.end] for x in page.lines}
    tally.rows += len(rows)
    tally.rows_right += sum(r in have for r in rows)


def count_words(tally: Tally, truth: Page, page: Page, place: Place) -> None:
    read = list(words(page))
    hit: set[int] = set()
    for text, box, _ in words(truth):
        x, y = place((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        there = [i for i, (_, b, _) in enumerate(read) if b[0] - 1 < x < b[2] + 1 and b[1] - 1 < y < b[3] + 1]
        right = [i for i in there if read[i][0] == text]
        hit.update(there)
        if text in "☐☒":
            tally.ticks += 1
            tally.ticks_right += bool(right)
            continue
        tally.words += 1
        tally.words_right += bool(right)
        if numeric(text):
            tally.numbers += 1
            tally.numbers_right += bool(right)
            tally.numbers_kept += bool(right) and read[right[0]][2] >= TRUSTED
        if right:
            half = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
            tally.overlaps.append(overlap((x - half[0], y - half[1], x + half[0], y + half[1]), read[right[0]][1]))
        else:
            tally.misses.append((text, *(read[i][0] for i in there)))
    true = [(t, place((b[0] + b[2]) / 2, (b[1] + b[3]) / 2)) for t, b, _ in words(truth)]
    for i, (text, box, trust) in enumerate(read):
        if text in "☐☒":
            tally.ticks_extra += i not in hit
        elif numeric(text) and trust >= TRUSTED:
            near = [t for t, (x, y) in true if box[0] - 1 < x < box[2] + 1 and box[1] - 1 < y < box[3] + 1]
            tally.trusted += 1
            tally.trusted_right += digits(text) in map(digits, near)
            if digits(text) not in map(digits, near):
                tally.misses.insert(0, ("TRUSTED", text, "for", *near))


def words(page: Page) -> Iterator[tuple[str, tuple[float, ...], float]]:
    """Words of a page with their box and their least trust."""
    for match in re.finditer(r"\S+", page.text):
        boxes = page.boxes[match.start() : match.end()]
        low, high = np.nanmin(boxes[:, :2], axis=0), np.nanmax(boxes[:, 2:], axis=0)
        trust = 1.0 if page.confidence is None else float(np.nanmin(page.confidence[match.start() : match.end()]))
        yield match.group(), (*map(float, low), *map(float, high)), trust


def numeric(text: str) -> bool:
    return any(c.isdigit() for c in text)


def digits(text: str) -> str:
    """What counts of a number: its digits and inner points; a comma for the full stop after it does not."""
    return re.sub(r"[^0-9.]", "", text).strip(".")


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes."""
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(0.0, wide) * max(0.0, tall)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def distance(a: str, b: str) -> int:
    """Levenshtein distance, by Myers's bit vectors (1999)."""
    if not a:
        return len(b)
    masks: dict[str, int] = defaultdict(int)
    for i, c in enumerate(a):
        masks[c] |= 1 << i
    full, last, score = (1 << len(a)) - 1, 1 << (len(a) - 1), len(a)
    up, down = full, 0
    for c in b:
        same = masks[c] | down
        carry = (((masks[c] & up) + up) ^ up) | masks[c]
        plus, minus = down | (full & ~(carry | up)), up & carry
        score += bool(plus & last) - bool(minus & last)
        plus, minus = (plus << 1) | 1, minus << 1
        up, down = (minus | (full & ~(same | plus))) & full, plus & same & full
    return score


def row(level: str, t: Tally) -> str:
    """One row of the table in docs/ocr.md."""

    def share(part: int, whole: int) -> str:
        return f"{part / whole:.3f}" if whole else "-"

    ticks = f"{t.ticks_right}/{t.ticks} (+{t.ticks_extra})" if t.ticks or t.ticks_extra else "-"
    times = f"{t.seconds / t.pages:.2f} | {t.seconds / max(t.engine_seconds, 1e-9):.2f}"
    full = f"{t.both_seconds / t.pages:.2f}" if t.both_seconds else "-"
    return (
        f"| {level} | {t.pages} | {100 * t.edits / t.characters:.2f} | {share(t.words_right, t.words)} | "
        f"{share(t.numbers_right, t.numbers)} | {share(t.numbers_kept, t.numbers)} | "
        f"{share(t.trusted_right, t.trusted)} | {np.median(t.overlaps):.2f} | {share(t.rows_right, t.rows)} | {ticks} | "
        f"{t.unreadable} | {times} | {full} |"
    )


if __name__ == "__main__":
    main()
