"""Tables of a trial: a flowsheet with a row per time, or measures with a column before and one during.

A blank cell is not printed, so columns are found by what stands in them as well as by their header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractors.document import Excerpt, Page, excerpt
from extractors.finding import Finding
from extractors.outcomes import Scores, computed, function_finding, function_word, scored
from extractors.quantities import NUMBER, number
from extractors.scores import MEASURE, changes_in, row_phase, targeted
from extractors.segment import Segment


def labelled(page: Page, segment: Segment) -> bool:
    """A line such as "Baseline NRS 8    Discharge NRS 5": each cell names what it measures, so it reads as prose."""
    named = [c for a, b in segment.cells if MEASURE.search(c := page.text[a:b]) and re.search(r"\d", c)]
    return not segment.columns and len(named) >= 2


def from_table(document_id: str, rows: list[tuple[Page, Segment]], day: str | None) -> Iterator[Finding]:
    """A flowsheet (a row per time) or a table of measures (a column before, a column during)."""
    columns, rows = _headed(rows)
    column = _pain_column(columns, rows)
    if column is None:
        for page, segment in rows:
            yield from _measure_row(document_id, page, segment, day)
        return
    readings = Scores()
    plain: list[tuple[float, Excerpt, str]] = []
    for page, segment in rows:
        texts = [page.text[a:b] for a, b in segment.cells]
        value = _cell_score(texts, column)
        if value is not None:
            plain.append((value, excerpt(document_id, page, segment.start, segment.end), row_phase(texts)))
    if not any(p == "before" for *_, p in plain) and len(plain) > 1 and plain[0][0] >= max(v for v, *_ in plain):
        plain[0] = (*plain[0][:2], "before")
    for index, (value, where, phase) in enumerate(plain):
        if phase == "before" and not readings.during:
            readings.before.append((value, where))
        elif phase != "after" and (readings.before or index):
            readings.during.append((value, where))
    if readings.before:
        readings.before = readings.before[-1:]
    yield from computed(readings, day)
    for page, segment in rows:
        texts = [page.text[a:b] for a, b in segment.cells]
        for change in changes_in(" ; ".join(texts[1:])):
            if change.measure in ("more", "less") and (
                word := function_word(change.before, change.during, change.measure)
            ):
                yield function_finding(
                    word,
                    change.before,
                    change.during,
                    change.unit,
                    change.name,
                    excerpt(document_id, page, segment.start, segment.end),
                    day,
                )


def _headed(rows: list[tuple[Page, Segment]]) -> tuple[tuple[str, ...], list[tuple[Page, Segment]]]:
    """The columns of a table. Where a title line stands above them, the headers are still a row of words."""
    columns = rows[0][1].columns
    if _pain_index(columns) is not None:
        return columns, rows
    for index, (page, segment) in enumerate(rows[:3]):
        texts = tuple(page.text[a:b] for a, b in segment.cells)
        if (
            len(texts) >= 2
            and not any(re.fullmatch(r"[\d./+-]+", t) for t in texts)
            and _pain_index(texts) is not None
            and not re.search(r"\d", texts[-1])
        ):
            return texts, rows[index + 1 :]
    return columns, rows


def _pain_column(columns: tuple[str, ...], rows: list[tuple[Page, Segment]]) -> int | None:
    """Which cell holds the pain score: by its header, or the one small number after a clock time."""
    if (found := _pain_index(columns)) is not None:
        # A blank first header is not printed: then every cell stands one further right.
        return found + 1 if all(len(s.cells) == len(columns) + 1 for _, s in rows[:2]) else found
    cells = [[page.text[a:b] for a, b in s.cells] for page, s in rows]
    timed = [
        c
        for c in cells
        if len(c) > 1
        and re.match(r"\d{1,2}:\d\d|\+?\d{1,2}\s*h\b|before|base", c[0], re.I)
        and re.fullmatch(r"\d(?:\.\d)?|10", c[1])
    ]
    spoken = re.search(r"pain|score|NRS|VAS", rows[0][1].heading + " ".join(columns), re.I) if rows else None
    return 1 if not columns and len(timed) >= 3 and (spoken or row_phase([" ".join(cells[0])])) else None


_POSTURE = re.compile(r"\s*(?:at |on |in )?(?:lying|supine|sitting|standing|walking|rest|resting|moving|movement|motion)\s*", re.I)
"""Columns of one score in several postures; one such column alone may hold minutes."""


def _pain_index(columns: tuple[str, ...]) -> int | None:
    ranked = []
    postures = sum(bool(_POSTURE.fullmatch(c)) for c in columns) > 1
    for index, column in enumerate(columns):
        named = re.search(r"\b(?:NRS|NPRS|VAS|VNRS|DVPRS|pain|score|0-10|numeric)\b", column, re.I)
        loose = re.fullmatch(r"\s*(?:average|avg|mean|worst|rest|moving)\s*", column, re.I) or postures and _POSTURE.fullmatch(column)
        if (named or loose) and not re.search(
            r"sedation|POSS|location|site|note|medic|side|where|item|measure", column, re.I
        ):
            ranked.append(
                (
                    bool(re.search(r"worst|moving|movement|motion|standing|walking|activity", column, re.I)),
                    not re.search(r"average|avg|mean", column, re.I),
                    index,
                )
            )
    return min(ranked)[2] if ranked else None


def _cell_score(texts: list[str], column: int) -> float | None:
    """The score in `column`. Blank cells before it are not printed, so the nearest number may serve."""
    for index in (column, column - 1):
        if (
            0 < index < len(texts)
            and (match := re.fullmatch(rf"\s*({NUMBER})\s*(?:/\s*10|mm)?\s*(?:\(.*\))?", texts[index], re.I))
            and number(match[1]) <= 100
        ):
            return number(match[1])
    return None


def _measure_row(document_id: str, page: Page, segment: Segment, day: str | None) -> Iterator[Finding]:
    """ "Six-minute walk | 128 m | 251 m": the label names the measure, the cells stand in order of time."""
    texts = [page.text[a:b] for a, b in segment.cells]
    named = MEASURE.search(texts[0])
    values = [m for t in texts[1:] if (m := re.match(rf"\s*({NUMBER})\s*(/\s*10|mm\b|[a-z]*)", t, re.I))]
    if not named or len(values) < 2 or targeted(" ".join(segment.columns), 200):
        return
    before, during = number(values[0][1]), number(values[1][1])
    if segment.columns and len(segment.columns) == len(texts) and row_phase([segment.columns[2]]) == "before":
        before, during = during, before
    where = excerpt(document_id, page, segment.start, segment.end)
    unit = values[0][2].strip()
    measure = str(named.lastgroup)
    if measure == "pain" and 0 < before <= 100:
        yield scored(before, during, "mm" if before > 10 else "", day, where, where)
    elif measure in ("more", "less"):
        timed = bool(re.search(r"five times|5x|timed|up and go", texts[0], re.I)) or (
            unit == "s" and "sit" in texts[0].lower()
        )
        if (word := function_word(before, during, "less" if timed else measure)) is not None:
            yield function_finding(word, before, during, unit, texts[0], where, day)
