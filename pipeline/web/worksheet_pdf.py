"""The finished worksheet as a PDF, to be filed with the case. The only door to ReportLab in what is served."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Table, TableStyle

from criteria.decide import Status
from criteria.screening import STATUS_SIGNS, STATUS_WORDS
from pipeline.web.words import FLAG_WORDS, PHASE_WORDS

FONTS = Path(__file__).parent / "static" / "fonts"
INK, SOFT, LINE = HexColor("#1b222d"), HexColor("#414b58"), HexColor("#d3d8df")
COLOURS = {"met": "#1b6845", "not_met": "#9c2f24", "insufficient": "#4a5361", "conflicting": "#754b00"}
WIDTHS = (232, 94, 86, 70, 58)

Json = Mapping[str, Any]


def pdf(sheet: Json, body: Json, screening: Json, versions: int) -> bytes:
    """A frozen worksheet as PDF bytes: the same worksheet gives the same bytes. Its words are those of the HTML."""
    styles = _styles()
    results = {r["id"]: r for r in screening["criteria"]}
    story: list[Flowable] = [Paragraph(escape(body["packet_id"]), styles["h1"])]
    story += [Paragraph(text, styles["p"]) for text in _head(body, screening, versions)]
    story.append(_table(body, results, styles))
    for criterion in body["criteria"]:
        story += _criterion(criterion, results[criterion["criterion"]], styles)
    story.append(Paragraph("How this can be checked", styles["h2"]))
    story += [Paragraph(text, styles["small"]) for text in _checks(sheet, body, screening)]
    out = io.BytesIO()
    title = f"Worksheet {body['packet_id']}, version {body['version']}"
    document = SimpleDocTemplate(
        out, pagesize=letter, leftMargin=36, rightMargin=36, topMargin=40, bottomMargin=48, invariant=1, title=title,
        author=", ".join(dict.fromkeys(name for _, name, _, _ in body["reviews"])), subject="chartproof worksheet",
    )  # fmt: skip

    def foot(canvas: Canvas, _document: Any) -> None:
        canvas.setFont("Sheet", 7)
        canvas.setFillColor(SOFT)
        canvas.drawString(36, 28, f"{title}; SHA-256 {sheet['sha256']}")
        canvas.drawRightString(576, 28, f"page {canvas.getPageNumber()}")

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


@cache
def _styles() -> dict[str, ParagraphStyle]:
    """Our own fonts, so that ticks, boxes and accents of a quote are printed wherever the PDF is made."""
    pdfmetrics.registerFont(TTFont("Sheet", FONTS / "DejaVuSans.ttf"))
    pdfmetrics.registerFont(TTFont("SheetBold", FONTS / "DejaVuSans-Bold.ttf"))
    pdfmetrics.registerFontFamily("Sheet", normal="Sheet", bold="SheetBold", italic="Sheet", boldItalic="SheetBold")
    p = ParagraphStyle("p", fontName="Sheet", fontSize=9, leading=12.5, textColor=INK, alignment=TA_LEFT, spaceAfter=3)
    bold = {"fontName": "SheetBold", "spaceBefore": 8, "keepWithNext": True}
    quote = {"leftIndent": 12, "borderColor": LINE, "spaceBefore": 2}
    return {
        "p": p,
        "h1": ParagraphStyle("h1", p, fontSize=15, leading=19, fontName="SheetBold"),
        "h2": ParagraphStyle("h2", p, fontSize=10, leading=13, **bold),
        "cell": ParagraphStyle("cell", p, fontSize=8, leading=10.5, spaceAfter=0),
        "small": ParagraphStyle("small", p, fontSize=7.5, leading=10.5, splitLongWords=True),
        "quote": ParagraphStyle("quote", p, fontSize=8.5, leading=11.5, **quote),
    }


def _head(body: Json, screening: Json, versions: int) -> list[str]:
    q = screening["request"]
    request = (
        f"{screening['policy']}, revision {screening['policy_revision']}; pathway {q['pathway'] or 'none'}; "
        f"{PHASE_WORDS[q['phase']]}, {q['indication']} pain; drug {q['drug'] or 'not named'}; "
        f"codes {', '.join(q['codes']) or 'none'}; request of {q['request_date'] or 'no date'}; "
        f"received {body['received_at'][:10]}."
    )
    about = (
        f"Worksheet version {body['version']} of {versions}. Software suggested a status for each criterion; the "
        "persons named decided it. Nothing here approves or denies."
    )
    flags = [
        f"<b>{escape(FLAG_WORDS.get(f['kind'], f['kind']))}:</b> {escape(f['detail'])}"
        + (f" ({escape(f['document_id'])}, page {f['page']})" if f["document_id"] else "")
        for f in screening["flags"]
    ]
    return [escape(request), about, *flags]


def _table(body: Json, results: Mapping[str, Json], styles: Mapping[str, ParagraphStyle]) -> Table:
    cell = styles["cell"]
    rows = [[Paragraph(f"<b>{h}</b>", cell) for h in ("Criterion", "Decided", "Suggested", "By", "When (UTC)")]]
    for c in body["criteria"]:
        title = f"{c['criterion']} {results[c['criterion']]['title']}"
        at = escape((c["at"] or "")[:16].replace("T", " "))
        texts = (escape(title), _status(c["status"]), STATUS_WORDS[c["suggested"]], escape(", ".join(c["by"])), at)
        rows.append([Paragraph(text, cell) for text in texts])
    line = [("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    pads = [("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 3)]
    return Table(rows, WIDTHS, repeatRows=1, style=TableStyle(line + pads), spaceBefore=6, spaceAfter=6)


def _status(status: Status) -> str:
    return f'<font color="{COLOURS[status]}"><b>{STATUS_SIGNS[status]} {STATUS_WORDS[status]}</b></font>'


def _criterion(c: Json, result: Json, styles: Mapping[str, ParagraphStyle]) -> list[Flowable]:
    head = Paragraph(f"{escape(c['criterion'])} {escape(result['title'])}: {_status(c['status'])}", styles["h2"])
    texts = [escape(result["rationale"])]
    if result["derivation"]:
        texts.append(f"Arithmetic: {escape(result['derivation'])}")
    if c["reason"]:
        texts.append(f"<b>Reviewer’s reason:</b> {escape(c['reason'])}")
    if c["note"]:
        texts.append(f"<b>Note:</b> {escape(c['note'])}")
    if result["missing"] and c["status"] == "insufficient":
        texts.append(f"What would settle it: {escape(' '.join(result['missing']))}")
    found: list[Flowable] = [Paragraph(text, styles["p"]) for text in texts]
    for e in c["excerpts"]:
        quote = escape(e["quote"]).replace("\n", "<br/>")
        aside = "; set aside by the reviewer" if e["dropped"] else ""
        where = f"{e['stance']}; {e['document_id']}, page {e['page']}; {e['origin']}{aside}"
        quote = f"<strike>{quote}</strike>" if e["dropped"] else quote
        text = f'“{quote}”<br/><font size="7" color="#414b58">{escape(where)}</font>'
        found.append(Paragraph(text, styles["quote"]))
    return [KeepTogether([head, *found[:2]]), *found[2:]]


def _checks(sheet: Json, body: Json, screening: Json) -> list[str]:
    reviews = "; ".join(
        f"{kind} by {name}, {claimed[:16].replace('T', ' ')} to {(finished or '')[:16].replace('T', ' ')}"
        for kind, name, claimed, finished in body["reviews"]
    )
    documents = [f"{d['file']}, {d['pages']} pages, SHA-256 {d['sha256']}" for d in screening["documents"]]
    hashes = (
        f"Screening SHA-256 {body['screening_sha256']}; worksheet SHA-256 {sheet['sha256']}; audit log at row "
        f"{body['audit']['seq']}: {body['audit']['hash']}; chartproof {screening.get('software', '')}."
    )
    return [escape(text) for text in (f"Reviews (UTC): {reviews}.", *documents, hashes)]
