"""Tick-box lines: which option is ticked, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from extractors.document import Line
from extractors.patterns import rare
from extractors.segment import Mark, Segment, flat

BOX = rare(r"(?P<on>[☒☑✓✔]|\[\s?[xX✓]\s?\]|\(\s?[xX]\s?\)|(?<!\w)_+[xX]_+)|(?P<off>☐|\[\s{0,3}\]|\(\s{1,3}\))")
YES = re.compile(r"(?:yes|y)\b", re.I)
NO = re.compile(r"(?:no|n)\b", re.I)
NOT_SAID = re.compile(r"n/?a|not (?:known|sure|assessed|applicable|asked|done)|unknown|unsure|unclear|\?", re.I)
BEHIND = re.compile(r"(?P<no>no|n)[\s.:,-]+(?P<question>\w.*)", re.I)
"""The last option with the question run into it: "[ ] Yes [x] No Pacemaker"."""
WIDE = re.compile(r"\t|\s{3,}|\s\|\s")


def tick_segment(text: str, line: Line) -> Iterator[Segment]:
    """The segments of a tick-box line: one per question, or one per box of a check list.

    The question stands before its first box, or after its last option, set off by a wide gap.
    """
    row = text[line.start : line.end]
    boxes = list(BOX.finditer(row))
    groups = _groups(row, boxes)
    for question, options, span in groups:
        yield _segment(row, line.start, question, options, span)


Option = tuple[bool, str]


def checked(text: str, start: int, end: int, label: str, given: Sequence[str], remark: str = "") -> Segment:
    """A line of a check list: one answer given settles it; none, several or "not known" say nothing."""
    settled = len(given) == 1 and not NOT_SAID.fullmatch(given[0])
    return _answered(text[start:end], start, label, "; ".join([*given, *([remark] if remark else [])]) if settled else None)


def _answered(row: str, start: int, label: str, ticked: str | None) -> Segment:
    marks: frozenset[Mark] = frozenset() if ticked else frozenset({"unanswered"})
    return Segment(start, start + len(row), flat(row), "tick", label=label, ticked=ticked, marks=marks)


def column_ticks(text: str, line: Line, columns: Sequence[str]) -> Segment | None:
    """A line of bare boxes below the names of their columns ("Nausea <tab> ☐ <tab> ☒" below "Yes <tab> No"), None for another.

    `columns` are the header's cells by place, those above the question first ("" where it has no name of its own).
    """
    row = text[line.start : line.end]
    cells = [cell.strip(" |") for cell in row.split("\t")]
    boxes = {place: box for place, cell in enumerate(cells) if (box := BOX.search(cell)) and box[0] == cell}
    first = min(boxes, default=0)
    asked, behind = cells[:first], [cell for place, cell in enumerate(cells) if cell and place > first and place not in boxes]
    if not first or max(boxes) >= len(columns) or any(BOX.search(cell) for cell in asked):
        return None
    given = [_plain(columns[place]) for place, box in boxes.items() if box["on"]]
    return checked(text, line.start, line.start + len(row.rstrip()), " ".join(filter(None, asked)), given, " ".join(behind))


def _plain(option: str) -> str:
    return option.lower() if YES.fullmatch(option) or NO.fullmatch(option) else option


def _groups(row: str, boxes: list[re.Match[str]]) -> list[tuple[str, list[Option], tuple[int, int]]]:
    """Split "Q1? [x] Yes [ ] No   Q2? [ ] Yes [x] No" into its questions."""
    if len(boxes) > 1 and boxes[0].start() and not row[boxes[-1].end() :].strip(" \t|.;,"):
        return [_labels_first(row, boxes)]
    groups: list[tuple[str, list[Option], tuple[int, int]]] = []
    question, options, start = row[: boxes[0].start()].strip(" \t:|-"), [], 0
    for i, box in enumerate(boxes):
        stop = boxes[i + 1].start() if i + 1 < len(boxes) else len(row)
        label = row[box.end() : stop]
        lead = len(label) - len(label.lstrip())
        wide = WIDE.search(label, lead)
        rest = label[wide.end() :].strip() if wide else ""
        option = (label[: wide.start()] if wide else label).strip(" \t:|;,")
        options.append((box["on"] is not None, option))
        if rest and i + 1 < len(boxes) and (question or YES.match(options[0][1]) or NO.match(options[0][1])):
            end = box.end() + (wide.start() if wide else len(label))
            if not question:
                question, rest, end = rest, "", stop
            groups.append((question, options, (start, end)))
            question, options, start = rest, [], end
        elif rest:
            trailing = not question
            question = rest if trailing else question
            if not trailing:
                options[-1] = (options[-1][0], f"{option} {rest}".strip())
    if not question and len(options) == 2 and YES.fullmatch(options[0][1]) and (behind := BEHIND.match(options[1][1])):
        question, options[1] = behind["question"], (options[1][0], behind["no"])
    groups.append((question, options, (start, len(row))))
    return [g for g in groups if g[1]]


def _labels_first(row: str, boxes: list[re.Match[str]]) -> tuple[str, list[Option], tuple[int, int]]:
    """"Expected survival   < 3 mo [ ]   3-6 mo [ ]   > 6 mo [x]": each box follows its label."""
    first = row[: boxes[0].start()].strip()
    gaps = list(WIDE.finditer(first))
    question, label = (first[: gaps[-1].start()].strip(" :"), first[gaps[-1].end() :]) if gaps else ("", first)
    labels = [label, *(row[a.end() : b.start()] for a, b in zip(boxes, boxes[1:], strict=False))]
    options = [(box["on"] is not None, text.strip(" \t:|;,")) for box, text in zip(boxes, labels, strict=True)]
    return question, options, (0, len(row))


def _segment(row: str, offset: int, question: str, options: list[Option], span: tuple[int, int]) -> Segment:
    part = row[span[0] : span[1]]
    start = span[0] + len(part) - len(part.lstrip())
    end = span[0] + len(part.rstrip())
    on = [label or "yes" for ticked, label in options if ticked]
    ticked = "; ".join(on) if on else None
    if len(on) == 1 and YES.match(on[0]):
        ticked = "yes" if len(on[0]) <= 3 else on[0]
    elif len(on) == 1 and NO.match(on[0]) and len(on[0]) <= 2:
        ticked = "no"
    yes_no = any(YES.match(o) for _, o in options) and any(NO.match(o) for _, o in options)
    nameless = len(options) > 1 and any(not label for _, label in options)  # a header that was not found names them
    if nameless or (yes_no and len(on) > 1) or (len(on) == 1 and NOT_SAID.fullmatch(on[0])):
        ticked = None
    return _answered(row[start:end], offset + start, question, ticked)
