"""Cut a page into segments: sentences, table rows, label-and-value lines, tick-box lines.

Structure before words: a rule that reads a segment knows its heading, its column headers, the
question beside a ticked box, and whether the words are a record's own or a payer's, a form's or a
handout's. Offsets always point into `page.text`; nothing is rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from extractors.document import Line, Page, page_lines
from extractors.rules import own_text, rules
from extractors.segment import Mark, Segment, SegmentKind, flat
from extractors.sentences import sentence_spans
from extractors.talk import talk_marks
from extractors.ticks import BOX, checked, column_ticks, tick_segment

BULLET = re.compile(r"\s*(?:[-*•·–▪]\s+|\(?\d{1,2}[.)]\s+|\(?[a-hA-H][.)]\s+)")
FIELD = re.compile(r"\s*(?P<label>[A-Za-z#](?:[\w /&(),'#+-]|\.(?! [A-Z][a-z])){0,48}?)\s*:(?!\d)\s*(?P<value>\S.*)?$")
GAP = re.compile(r"\t| {3,}|\s\|\s?|\|")
DIGIT = re.compile(r"\d")
DATED = re.compile(r"\s*(?:[A-Za-z]+\s+){0,2}(?:\d{1,2}/)?\d{1,2}/(?:\d\d){1,2}\s*|\s*(?:[A-Za-z]+\s+){0,2}[A-Z][a-z]{2,8}\.? (?:19|20)\d\d\s*")
"""A column of a day or a month: "09/2025", "Dose 01/26", "June 2025"."""
STAGE = re.compile(r"\s*(?:today|now|current\w*|present\w*|at (?:the )?(?:trial|intake|start)|before|prior|previous|baseline|start)\b", re.I)
MEDICINE = re.compile(r"^\W*(?:drug|medic\w+|opioid|agent|regimen)s?\b", re.I)
YES_NO = re.compile(r"\s*(?P<answer>yes|no|y|n)\s*", re.I)
DASH = re.compile(r"\s*[-–—.]*\s*")
"""A cell that holds no mark."""
MARK = re.compile(r"\W*[xX✓✔]\W*")
ONE_SENTENCE = ("allergies", "medications", "laboratory")
"""Labels within a line ("Allergies: NKDA. Airway clear.") that reach no further than their sentence."""


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    heading: str
    marks: frozenset[Mark]


NO_SECTION = Section("", "", frozenset())


def _sections() -> dict[str, tuple[str, frozenset[Mark]]]:
    return _known_headings(own_text("sections.yaml"))


@cache
def _known_headings(own: str) -> dict[str, tuple[str, frozenset[Mark]]]:
    data = rules("sections.yaml", own)
    return {w.lower(): (name, frozenset(e.get("marks", ()))) for name, e in data.items() for w in e["words"]}


def section_of(heading: str) -> Section:
    """The canonical section of a heading, by its longest known beginning; name "" if unknown."""
    words = re.sub(r"[^a-z0-9/&+ -]", " ", heading.lower()).split()
    known = _sections()
    for n in range(len(words), 0, -1):
        found = known.get(" ".join(words[:n]))
        if found and (n == len(words) or n > 1 or len(words) <= 4 or words[n] in ("/", "&", "and")):
            return Section(found[0], heading.strip(), found[1])
    return Section("", heading.strip(), frozenset())


def is_heading(text: str, kind: str) -> bool:
    """A line that names what follows: marked so by the reader, or short and set apart."""
    text = text.strip()
    if not text or len(text) > 70 or BOX.search(text):
        return False
    bare = text.rstrip(":").strip()
    if kind == "heading":
        return True
    if text.endswith(":") and len(bare.split()) <= 8 and ":" not in bare:
        return True
    if bare.lower() in _sections():
        return True
    bare = re.sub(r"\([^)]*\)", "", bare).strip() or bare
    if ":" in bare or bare[-1] in ".;,":
        return False
    if "/" in bare and len(bare.split()) <= 6 and re.match(r"[A-Z]", bare) and section_of(bare.split("/")[0]).name:
        return True
    letters = [c for c in bare if c.isalpha()]
    return len(letters) > 3 and len(bare.split()) <= 9 and bare.upper() == bare


def segments(page: Page) -> tuple[Segment, ...]:
    """The segments of a page, in reading order; headers and footers state nothing."""
    out: list[Segment] = []
    section = NO_SECTION
    columns: tuple[str, ...] = ()
    blocks = list(_blocks(page))
    for block, following in zip(blocks, [*blocks[1:], []], strict=False):  # a page may have none
        if _empty_prompt(page, block, following, columns):
            start, end = block[0].start, block[0].end
            out.append(checked(page.text, start, end, page.text[start:end].strip(), ()))
            continue
        columns = _columns_below(page, block, columns)
        first = page.text[block[0].start : block[0].end]
        if block[0].kind == "heading":
            section = section_of(first)
            start, end = block[0].start, block[0].end
            out.append(Segment(start, end, flat(first), "heading", section=section.name, marks=section.marks))
            continue
        for segment in _block_segments(page, block, columns):
            label = section_of(segment.label) if segment.kind == "field" else NO_SECTION
            here = label if label.name else section
            before = out[-1].text if out and out[-1].kind == "sentence" else ""
            talk = talk_marks(segment.text, before) if segment.kind != "tick" else frozenset[Mark]()
            marks = segment.marks | here.marks | talk
            out.append(replace(segment, heading=section.heading or segment.heading, section=here.name, marks=marks))
    return tuple(out)


def _blocks(page: Page) -> Iterator[list[Line]]:
    """Runs of lines that belong together: a heading, a table, a form line, a paragraph."""
    run: list[Line] = []
    previous_end = 0
    for line in page_lines(page):
        text = page.text[line.start : line.end]
        if line.kind in ("header", "footer"):
            continue
        gap = "\n\n" in page.text[previous_end : line.start + 1] if run else False
        previous_end = line.end
        kind = _line_kind(text, line.kind)
        line = Line(line.start, line.end, kind)  # type: ignore[arg-type]
        joins = bool(run) and not gap and _joins(page, run, line, text)
        if run and not joins:
            yield run
            run = []
        if text.strip():
            run.append(line)
    if run:
        yield run


def _line_kind(text: str, kind: str) -> str:
    if not text.strip():
        return "text"
    if BOX.search(text):
        return "tick"
    if kind == "row" or len(cell_spans(text, 0)) >= 2:
        return "row"
    if is_heading(text, kind):
        return "heading"
    if BULLET.match(text):
        return "item"
    return "text"


def _joins(page: Page, run: list[Line], line: Line, text: str) -> bool:
    """Whether a line goes on with the block before it: a table's next row, a paragraph's next line."""
    if line.kind == "row":
        return run[-1].kind == "row"
    if line.kind != "text" or run[-1].kind not in ("text", "item") or not text.strip():
        return False
    before = page.text[run[-1].start : run[-1].end].rstrip()
    start = text.lstrip()[:1]
    if FIELD.match(text) and len(text.split(":")[0].split()) <= 4:
        return False
    wrapped = before[-1:] not in ".?!:" and (start.islower() or start.isdigit() or start in "(,;\"'" or len(before) > 60)
    return wrapped or len(before) > 75


def cell_spans(text: str, offset: int) -> tuple[tuple[int, int], ...]:
    """(start, end) of each non-empty cell of a row, moved by `offset`."""
    spans, at = [], 0
    for gap in [*GAP.finditer(text), None]:
        end = gap.start() if gap else len(text)
        part = text[at:end]
        if part.strip(" |\t-"):
            start = at + len(part) - len(part.lstrip())
            spans.append((offset + start, offset + start + len(part.strip())))
        at = gap.end() if gap else end
    return tuple(spans)


def _columns_below(page: Page, block: list[Line], known: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a table's columns by their places: those that `block` begins with, or `known` where it goes on below them."""
    kind: str = block[0].kind
    if kind == "tick" or (kind == "row" and _goes_on(page, block, known)):
        return known
    cells = page.text[block[0].start : block[0].end].split("\t")
    if kind != "row" or len(cells) < 2 or not _is_header([c for c in cells if c.strip()] or [":"]):
        return ()
    names = tuple(cell.strip(" |") for cell in cells)
    return ("", *names) if all(YES_NO.fullmatch(name) for name in names) else names


def _goes_on(page: Page, block: list[Line], columns: tuple[str, ...]) -> bool:
    """Whether the first row of a block has its mark below Yes or No of a check list that began above."""
    cells = page.text[block[0].start : block[0].end].split("\t")
    return any(place < len(cells) and MARK.fullmatch(cells[place]) for place in _answer_columns(columns))


def _empty_prompt(page: Page, block: list[Line], following: list[Line], columns: tuple[str, ...]) -> bool:
    """A question of a check list that nobody answered: a line by itself between the rows of columns Yes and No."""
    kinds = {line.kind for line in (*block, *following)}
    return bool(_answer_columns(columns)) and len(block) == 1 and bool(following) and block[0].kind == "text" and kinds == {"text", "row"}


def _block_segments(page: Page, block: list[Line], columns: tuple[str, ...]) -> Iterator[Segment]:
    kind: str = block[0].kind
    if kind == "tick":
        for line in block:
            below = column_ticks(page.text, line, columns)
            yield from [below] if below else tick_segment(page.text, line)
    elif kind == "row":
        yield from _rows(page, block, columns)
    else:
        yield from _prose(page, block[0].start, block[-1].end)


def _rows(page: Page, block: list[Line], known: tuple[str, ...]) -> Iterator[Segment]:
    """Table rows with the headers above them, `known` where the table began earlier; a row of labels and values gives fields."""
    spans = [cell_spans(page.text[line.start : line.end], line.start) for line in block]
    texts = [[page.text[a:b] for a, b in row] for row in spans]
    columns: tuple[str, ...] = ()
    places: list[int] = []
    first, widest = 0, max(map(len, texts))
    goes_on = _goes_on(page, block, known)
    answers = _answer_columns(known) if goes_on or len(block) > 1 else {}
    if len(block) > 1 and _is_header(texts[0]) and not goes_on:
        columns, first = tuple(texts[0]), 1
        places = _places(page.text, block[0].start, spans[0])
    for line, row, cells in list(zip(block, spans, texts, strict=True))[first:]:
        fields = [c for c in cells if FIELD.match(c) and FIELD.match(c)["value"]]  # type: ignore[index]
        if not columns and (len(fields) >= 2 or len(fields) == len(cells)):
            for a, b in row:
                yield from _prose(page, a, b)
            continue
        start, end = row[0][0], row[-1][1]
        under = [places.index(at) for at in _places(page.text, line.start, row) if at in places]
        aligned = columns if len(columns) >= len(row) else ()
        if len(under) == len(row) < len(columns):
            aligned = tuple(columns[i] for i in under)
        if answers:
            yield _checked(page, line, row, answers)
            continue
        marks: frozenset[Mark] = frozenset({"unanswered"}) if _unanswered(cells, widest) else frozenset()
        yield Segment(start, end, flat(page.text[start:end]), "row", label=cells[0], cells=row, columns=aligned, marks=marks)


def _answer_columns(columns: Sequence[str]) -> dict[int, str]:
    """Places of the columns Yes and No of a check list, empty for another table."""
    named = {place: found["answer"][:1].lower() for place, name in enumerate(columns) if place and (found := YES_NO.fullmatch(name))}
    return {place: "yes" if answer == "y" else "no" for place, answer in named.items()} if sorted(named.values()) == ["n", "y"] else {}


def _checked(page: Page, line: Line, row: Sequence[tuple[int, int]], answers: dict[int, str]) -> Segment:
    """A row of a check list ("7 <tab> Bleeding problem <tab> - <tab> x <tab> never"): its mark says which answer is given."""
    cells = dict(zip(_places(page.text, line.start, row), (page.text[a:b] for a, b in row), strict=False))
    given = [answer for place, answer in answers.items() if not DASH.fullmatch(cells.pop(place, ""))]
    label = " ".join(cells.pop(place) for place in sorted(cells) if place < min(answers))
    return checked(page.text, row[0][0], row[-1][1], label, given, " ".join(cells.values()))


def _places(text: str, start: int, cells: Sequence[tuple[int, int]]) -> list[int]:
    """The column that each cell of a line stands in, empty ones counted; a line without tabs has no such places."""
    places = [text.count("\t", start, cell[0]) for cell in cells]
    return places if "\t" in text[start : cells[-1][1]] else []


def _unanswered(cells: list[str], widest: int) -> bool:
    """A short label alone in its row of a wider table is a prompt that nobody filled in."""
    return len(cells) == 1 < widest and len(cells[0].split()) <= 6 and not re.search(r"[\d.;☒]", cells[0])


def _is_header(cells: list[str]) -> bool:
    """Column headers are words, not results: no cell is a number, most have no digit; only a medicine's doses stand under days."""
    if len(cells) >= 3 and MEDICINE.search(cells[0]) and all(DATED.match(c) or STAGE.match(c) for c in cells[1:]):
        return True
    return len(cells) >= 2 and sum(bool(DIGIT.search(c)) for c in cells) <= len(cells) // 3 and not any(":" in c for c in cells)


def _prose(page: Page, start: int, end: int) -> Iterator[Segment]:
    """A label with its value where the text begins with one, then sentences."""
    text = flat(page.text[start:end])
    bullet = BULLET.match(text)
    if bullet:
        start, text = start + bullet.end(), text[bullet.end() :]
    field = FIELD.match(text)
    if field and len(field["label"].split()) <= 6:
        yield from _field(page, start, text, field)
        return
    for a, b in sentence_spans(text):
        inner = _known_field(text[a:b])
        if inner:
            yield from _field(page, start + a, text[a:b], inner)
        else:
            yield Segment(start + a, start + b, text[a:b], "sentence")


def _known_field(text: str) -> re.Match[str] | None:
    """A sentence within a line that is a label and its value ("PMH: hypertension.")."""
    field = FIELD.match(text)
    return field if field and section_of(field["label"]).name else None


def _field(page: Page, start: int, text: str, field: re.Match[str]) -> Iterator[Segment]:
    """"Allergies: NKDA. Tolerated well." gives a field per sentence, the label with the first."""
    label, value = field["label"].strip(), field["value"]
    if not value or not value.strip(" _-.…"):
        yield Segment(start, start + len(text), text, "field", label=label, marks=frozenset({"unanswered"}))
        return
    begin = field.start("value")
    for i, (a, b) in enumerate(sentence_spans(text[begin:])):
        a, b = a + begin, b + begin
        inner = _known_field(text[a:b]) if i else None
        if inner:
            yield from _field(page, start + a, text[a:b], inner)
            continue
        lead = field.start("label") if i == 0 else a
        kind: SegmentKind = "field" if i == 0 or section_of(label).name not in ("", *ONE_SENTENCE) else "sentence"
        yield Segment(
            start + lead,
            start + b,
            text[lead:b],
            kind,
            label=label if kind == "field" else "",
            cells=((start + a, start + b),),
        )
