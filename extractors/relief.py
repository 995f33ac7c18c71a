"""Pain relief and function in the intrathecal or epidural opioid trial: stated percentages, and scores.

A percentage computed from scores shows its arithmetic and cites both scores. The level reached in a
flowsheet is the best one that two readings hold, so that a single low reading decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from extractors.cues import cue
from extractors.document import Excerpt, Page, excerpt
from extractors.finding import Finding
from extractors.procedures import Topic, topic_of, topics
from extractors.quantities import NUMBER, Percent, number, percents, side
from extractors.scores import MEASURE, changes_in, pain_scores, row_phase, targeted
from extractors.segment import Segment
from extractors.stream import Pages, dated

_SILENT = frozenset({"quoted", "boilerplate", "education", "family", "unanswered", "plan"})
_RELIEF = cue("relief_relief")
_NOT_RELIEF = cue("relief_not_relief")
_GOAL = cue("relief_goal")
_PEOPLE = re.compile(
    r"\b(?:mother|father|brother|sister|niece|nephew|cousin|uncle|aunt|neighbor|neighbour|friend|"
    r"roommate|another patient|other patients|most patients)\b(?!.{0,30}\b(?:says|reports|confirms|"
    r"agrees|estimates?)\b)",
    re.I,
)
_KEPT = re.compile(
    r"\b(?:kept|keeps?|keeping|left with|had only|has only|remaining|still has|put (?:the )?pain at|"
    r"(?:down )?to)\s+(?:about\s+|roughly\s+|only\s+|just\s+)?[\"“]?(?:a\s+|an\s+)?$",
    re.I,
)
_WORD_ZERO = re.compile(
    r"\b(?:no|without any|zero|not any|little or no|nil|absolutely no)\s+(?:pain\s+)?(?:relief|"
    r"benefit|improvement|change in (?:the |his |her )?pain|response)\b|\bpain (?:was |is |remained |"
    r"stayed )?(?:unchanged|the same|no better)\b|\bdid not help\b|\b(?:did|does) nothing\b|"
    r"\bno effect\b|\bmade no difference\b",
    re.I,
)
_VAGUE = re.compile(
    r"\b(?:good|great|excellent|nice|meaningful|significant|substantial|considerable|marked|"
    r"modest|fair|partial|satisfactory|dramatic|remarkable|some|pleasant|profound|tremendous|"
    r"wonderful)\b[\w\s,-]{0,24}\b(?:relief|analgesia|improvement|response|benefit|pain control)\b|"
    r"\btook the edge off\b|\bmuch better\b|\bfelt (?:much |a lot )?better\b|\bstruck by how much\b|"
    r"\beverything we had hoped\b|\bvery well\b",
    re.I,
)


@dataclass(slots=True)
class _Scores:
    """Scores of one trial in one document, gathered until both ends are known."""

    before: list[tuple[float, Excerpt]] = field(default_factory=list)
    during: list[tuple[float, Excerpt]] = field(default_factory=list)


def find_relief(document_id: str, pages: Pages, day: str | None) -> list[Finding]:
    """`trial_relief` (percent, or under_half / at_least_half / vague) and `trial_function` findings.

    Attributes: bound, low, high, side (the word that the value amounts to), source ("stated" or "scores").
    """
    found: list[Finding] = []
    prose = _Scores()
    tables: list[list[tuple[Page, Segment]]] = []
    running = False
    stream = list(topics(list(dated(pages, day))))
    implied = _implied(stream)
    for page, segment, today, topic in stream:
        joins, running = running and segment.kind == "row", segment.kind == "row"
        if (
            segment.kind == "heading"
            or segment.marks & _SILENT
            or topic not in (("trial", "") if implied else ("trial",))
        ):
            continue
        where = excerpt(document_id, page, segment.start, segment.end)
        if segment.kind == "row" and not _labelled(page, segment):
            if not joins or not tables:
                tables.append([])
            tables[-1].append((page, segment))
            continue
        found += _stated(segment, where, today)
        found += _told(segment, where, today, prose)
    for rows in tables:
        found += _from_table(document_id, rows, day)
    if not any(f.kind == "trial_relief" and f.attributes.get("source") == "scores" for f in found):
        found += _computed(prose, day)
    return _settled(found)


def _implied(stream: Sequence[tuple[Page, Segment, str | None, Topic]]) -> bool:
    """A short excerpt that names no other procedure may speak of the trial without naming it, or name it last."""
    known = {topic for *_, topic in stream} - {""}
    return known <= {"trial"} and sum(len(segment.text) for _, segment, *_ in stream) < 700


def _stated(segment: Segment, where: Excerpt, day: str | None) -> Iterator[Finding]:
    text = segment.text
    if segment.kind == "tick":
        yield from _ticked(segment, where, day)
        return
    numbers = False
    for percent in percents(text):
        if not _is_relief(text, percent):
            continue
        numbers = True
        yield _percent(where, percent, text, day)
    if not numbers and not _GOAL.search(text):
        if _WORD_ZERO.search(text) and topic_of(f"{segment.heading} {text}") == "trial":
            yield _relief(where, 0.0, "exact", 0.0, 0.0, day, "no relief as stated", "stated")
        elif _VAGUE.search(text) and topic_of(text) != "other" and not changes_in(text, "pain"):
            yield _relief(where, "vague", "exact", None, None, day, None, "stated")


def _ticked(segment: Segment, where: Excerpt, day: str | None) -> Iterator[Finding]:
    """A ticked "Pain relief >= 50 %: yes", or a ticked option that is itself a percentage."""
    if (
        segment.ticked is None
        or not re.search(r"pain|relief|analgesi|reduction|NRS|improve|response", segment.text, re.I)
        or re.search(r"opioid (?:dose|reduc|wean)|oral opioid|MME", segment.text, re.I)
    ):
        return
    answer = segment.ticked.strip().lower()
    if re.fullmatch(r"yes|no|y|n", answer):
        for percent in [p for p in percents(segment.text) if p.bound in ("at_least", "exact") and p.low == 50][:1]:
            said = answer.startswith("y")
            yield _relief(
                where,
                "at_least_half" if said else "under_half",
                "at_least" if said else "at_most",
                percent.low,
                percent.high,
                day,
                f"box ticked {answer}: at least 50 %",
                "stated",
            )
        return
    for percent in percents(segment.ticked)[:1]:
        yield _percent(where, percent, segment.ticked, day)


def _is_relief(text: str, percent: Percent) -> bool:
    if _PEOPLE.search(re.split(r"[.;]\s", text[: percent.start])[-1]):
        return False
    left = max((m.end() for m in re.finditer(r"[.;](?=\s)|\n", text[: percent.start])), default=0)
    right = next((percent.end + m.start() for m in re.finditer(r"[.;](?=\s|$)|\n", text[percent.end :])), len(text))
    clause = text[left:right]
    if _GOAL.search(text[left : percent.start]) or re.match(
        r"[^.;]{0,30}\b(?:is the (?:goal|target)|is needed|required|or (?:he|she) would|to (?:proceed|"
        r"qualify))",
        text[percent.end :],
        re.I,
    ):
        return False
    if (
        percent.bound == "at_least"
        and _quoted(text, percent.start)
        and re.search(r"provided|reduction in pain|minimal side|criteri|coverage|weaned", text, re.I)
    ):
        return False
    if re.search(r"\b(?:MEDD?|MME|opioids?|dose|regimen|wean\w*|taper\w*)\b", clause, re.I) and not re.search(
        r"\b(?:pain|relief|better)\b", clause, re.I
    ):
        return False
    near = text[max(left, percent.start - 80) : min(right, percent.end + 40)]
    tight = text[max(left, percent.start - 12) : min(right, percent.end + 14)]
    if _NOT_RELIEF.search(tight) or re.search(
        r"\b(?:dose|rate|infusion|saline|oxy\w*|opioids?|tablets?)\b[^,;.]{0,12}$", text[left : percent.start], re.I
    ):
        return False
    if re.match(
        r"\s*(?:of (?:the )?(?:nights|time|visits|patients|people|days|dose)|\w* ?(?:walk|step|stair|"
        r"bottle|sandwich|hour|can|glass))",
        text[percent.end :],
        re.I,
    ) or re.search(r"\b(?:ate|drank|slept|walked|up)\s*$", text[: percent.start], re.I):
        return False
    return bool(_RELIEF.search(near)) and (
        bool(_RELIEF.search(tight)) or not _NOT_RELIEF.search(near) or "pain" in clause.lower()
    )


def _quoted(text: str, at: int) -> bool:
    """Inside quotation marks, where a payer's sentence stands."""
    return len(re.findall(r'["“”]', text[:at])) % 2 == 1


def _percent(where: Excerpt, percent: Percent, text: str, day: str | None) -> Finding:
    low, high, bound = percent.low, percent.high, percent.bound
    # "pain was down to a third of what it was" leaves a third: two thirds are gone.
    if _KEPT.search(text[: percent.start]) and re.match(r"\s*(?:of\b|what\b|its\b|the\b)", text[percent.end :], re.I):
        low, high = 100 - high, 100 - low
        bound = {"at_least": "at_most", "at_most": "at_least", "nearly": "at_least"}.get(bound, bound)  # type: ignore[assignment]
    verdict = side(low, high, bound)
    number_ = low if bound in ("exact", "about", "at_least") and verdict != "vague" else None
    words = re.sub(r"\s+", " ", text[percent.start : percent.end]).strip()
    return _relief(
        where, verdict if number_ is None else number_, bound, low, high, day, f"{words} as stated", "stated"
    )


def _relief(
    where: Excerpt,
    value: float | str,
    bound: str,
    low: float | None,
    high: float | None,
    day: str | None,
    derivation: str | None,
    source: str,
    operands: tuple[Excerpt, ...] = (),
) -> Finding:
    word = value if isinstance(value, str) else side(low or 0.0, high or 0.0, bound)  # type: ignore[arg-type]
    return Finding(
        "trial_relief",
        value,
        where,
        f"relief.{source}",
        unit="%" if isinstance(value, float) else None,
        date=day,
        derivation=derivation,
        operands=operands,
        attributes={"bound": bound, "low": low, "high": high, "side": word, "source": source},
    )


def _told(segment: Segment, where: Excerpt, day: str | None, scores: _Scores) -> Iterator[Finding]:
    """Changes told in one breath, and single scores that wait for their other end."""
    text = segment.text
    if segment.kind == "tick" and segment.ticked is None:
        return
    changes = changes_in(text, "pain")
    for change in changes:
        if change.measure == "pain":
            yield _scored(change.before, change.during, change.unit, day, where, where)
        elif (word := _function(change.before, change.during, change.measure)) is not None:
            yield _moved(word, change.before, change.during, change.unit, change.name, where, day)
    taken = [(c.start, c.end) for c in changes]
    for score in pain_scores(text, True):
        if any(a <= score.start < b for a, b in taken):
            continue
        if score.phase == "before":
            scores.before.append((score.value, where))
        elif score.phase == "during":
            scores.during.append((score.value, where))


def _scored(before: float, during: float, unit: str, day: str | None, *places: Excerpt) -> Finding:
    percent = round(100 * (before - during) / before, 1)
    scale = "VAS (mm)" if unit == "mm" or before > 10 else "0-10 scale"
    word = "reduction" if percent >= 0 else "increase"
    operands = tuple(dict.fromkeys(places))
    return _relief(
        places[-1],
        percent,
        "exact",
        percent,
        percent,
        day,
        f"{before:g} -> {during:g} on {scale} = {abs(percent):g} % {word}",
        "scores",
        operands,
    )


def _computed(scores: _Scores, day: str | None) -> Iterator[Finding]:
    if scores.before and scores.during:
        first = scores.before[0][1]
        before = round(sum(value for value, _ in scores.before) / len(scores.before), 1)
        during, last = _held(scores.during)
        if before > 0:
            yield _scored(before, during, "", day, first, last)


def _held(readings: Sequence[tuple[float, Excerpt]]) -> tuple[float, Excerpt]:
    """The best level that two readings hold; the best one where there are fewer than three."""
    ordered = sorted(readings, key=lambda r: r[0])
    return ordered[1] if len(ordered) >= 3 else ordered[0]


def _function(before: float, during: float, measure: str) -> str | None:
    """ "improved" or "unchanged": a change of at least 15 % in the better direction."""
    if before == during == 0:
        return None
    change = during - before if measure == "more" else before - during
    return "improved" if change >= 0.15 * max(abs(before), 1e-9) and change > 0 else "unchanged"


def _moved(word: str, before: float, during: float, unit: str, name: str, where: Excerpt, day: str | None) -> Finding:
    return Finding(
        "trial_function",
        word,
        where,
        "relief.function",
        date=day,
        derivation=f"{name.strip()} {before:g} -> {during:g}{' ' + unit if unit else ''}",
        operands=(where,),
        attributes={"before": before, "during": during, "unit": unit, "measure": name.strip()},
    )


def _labelled(page: Page, segment: Segment) -> bool:
    """A line such as "Baseline NRS 8    Discharge NRS 5": each cell names what it measures, so it reads as prose."""
    named = [c for a, b in segment.cells if MEASURE.search(c := page.text[a:b]) and re.search(r"\d", c)]
    return not segment.columns and len(named) >= 2


def _from_table(document_id: str, rows: list[tuple[Page, Segment]], day: str | None) -> Iterator[Finding]:
    """A flowsheet (a row per time) or a table of measures (a column before, a column during)."""
    columns, rows = _headed(rows)
    column = _pain_column(columns, rows)
    if column is None:
        for page, segment in rows:
            yield from _measure_row(document_id, page, segment, day)
        return
    readings = _Scores()
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
    yield from _computed(readings, day)
    for page, segment in rows:
        texts = [page.text[a:b] for a, b in segment.cells]
        for change in changes_in(" ; ".join(texts[1:])):
            if change.measure in ("more", "less") and (word := _function(change.before, change.during, change.measure)):
                yield _moved(
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


def _pain_index(columns: tuple[str, ...]) -> int | None:
    ranked = []
    for index, column in enumerate(columns):
        named = re.search(r"\b(?:NRS|NPRS|VAS|VNRS|DVPRS|pain|score|0-10|numeric)\b", column, re.I)
        loose = re.fullmatch(r"\s*(?:average|avg|mean|worst|rest|moving)\s*", column, re.I)
        if (named or loose) and not re.search(
            r"sedation|POSS|location|site|note|medic|side|where|item|measure", column, re.I
        ):
            ranked.append(
                (
                    bool(re.search(r"worst|moving|activity", column, re.I)),
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
        yield _scored(before, during, "mm" if before > 10 else "", day, where, where)
    elif measure in ("more", "less"):
        timed = bool(re.search(r"five times|5x|timed|up and go", texts[0], re.I)) or (
            unit == "s" and "sit" in texts[0].lower()
        )
        if (word := _function(before, during, "less" if timed else measure)) is not None:
            yield _moved(word, before, during, unit, texts[0], where, day)


_DOSE = re.compile(rf"({NUMBER})\s*(?:mg|mcg|micrograms?|µg)\b", re.I)


def _last_dose(found: list[Finding]) -> list[Finding]:
    """Where a document gives the relief at each of several trial doses, the highest dose is the trial's result."""
    doses = [
        (number(m[1]), f)
        for f in found
        if f.kind == "trial_relief" and f.attributes["source"] == "stated" and (m := _DOSE.search(f.excerpt.quote))
    ]
    top = max((d for d, _ in doses), default=0.0)
    lower = [f for d, f in doses if d < top]
    return [f for f in found if not any(f is low for low in lower)]


def _settled(found: list[Finding]) -> list[Finding]:
    """A flat statement beside numbers of the same document adds nothing; the rest stays in order."""
    relief = [f for f in found if f.kind == "trial_relief" and f.value != "vague"]
    found = _last_dose(found)
    out = [f for f in found if not (relief and f.kind == "trial_relief" and f.value == "vague")]
    return [replace(f, score=0.8) if f.rule == "relief.function" else f for f in out]
