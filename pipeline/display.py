"""Documents, findings and screenings as HTML in a notebook, and a widget to confirm or reject.

    from pipeline.display import enable
    enable()

All text of a record is escaped. Nothing is fetched from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from typing import Any

from criteria.screening import CriterionResult, Screening
from extractors.document import Document
from extractors.errors import UserError
from extractors.finding import Finding
from pipeline.labels import STATUSES, Decided

COLOURS = {"met": "#1f6f4a", "not_met": "#a33327", "insufficient": "#5b6270", "conflicting": "#8a5a00"}
MARKS = {"supports": "#bfe8d0", "contradicts": "#f6cabd", "context": "#d5def0"}
CELL = "text-align:left;vertical-align:top;padding:.3em .6em"


def enable() -> None:
    """Show Document, Finding and Screening as HTML wherever this notebook displays one. Raises UserError elsewhere."""
    from IPython import get_ipython  # type: ignore[attr-defined]

    shell = get_ipython()  # type: ignore[no-untyped-call]
    if shell is None:
        raise UserError("not in a notebook; call document_html and the like yourself")
    formatter = shell.display_formatter.formatters["text/html"]
    formatter.for_type(Document, document_html)
    formatter.for_type(Finding, finding_html)
    formatter.for_type(Screening, screening_html)


def document_html(document: Document, findings: Iterable[Finding] = ()) -> str:
    """The pages' texts, with the words of findings marked."""
    found = list(findings)
    parts = [f"<h4>{escape(document.file)}</h4>"]
    for page in document.pages:
        spots = sorted(
            {
                (f.excerpt.start, f.excerpt.end, f"{f.kind} = {f.value}")
                for f in found
                if (f.excerpt.document_id, f.excerpt.page) == (document.document_id, page.number)
            }
        )
        source = " (recognised from a picture)" if page.ocr else ""
        parts.append(f"<p><b>Page {page.number}</b>{source}</p>")
        parts.append(f'<pre style="white-space:pre-wrap">{_marked(page.text, spots)}</pre>')
    return "".join(parts)


def _marked(text: str, spots: list[tuple[int, int, str]]) -> str:
    out, at = "", 0
    for start, end, title in spots:
        if start < at:
            continue  # an overlapping finding: the first one is shown
        out += escape(text[at:start])
        out += f'<mark title="{escape(title)}">{escape(text[start:end])}</mark>'
        at = end
    return out + escape(text[at:])


def finding_html(finding: Finding) -> str:
    """One finding: the fact, its words, where they stand."""
    modes = ", ".join(name for name, on in asdict(finding.assertion).items() if on)
    said = f"{finding.kind} = {finding.value}{' ' + finding.unit if finding.unit else ''}"
    more = " · ".join(
        escape(part) for part in (finding.date or "", finding.rule, f"score {finding.score:.2f}", modes) if part
    )
    place = f"{finding.excerpt.document_id}, page {finding.excerpt.page}"
    return f"<div><b>{escape(said)}</b> · {escape(place)} · {more}<br><mark>{escape(finding.excerpt.quote)}</mark></div>"


def screening_html(screening: Screening) -> str:
    """The criteria with suggested status, rationale and the words that decide."""
    head = f"{screening.packet_id}: {screening.policy}, pathway {screening.pathway or 'none'}"
    notes = "".join(f"<p>⚑ {escape(f.detail)}</p>" for f in screening.flags)
    body = "".join(f"<tr>{_cells(result)}</tr>" for result in screening.criteria)
    names = "".join(f'<th style="{CELL}">{n}</th>' for n in ("Criterion", "Suggested", "Why", "Words of the record"))
    told = "<p>Suggestions for a reviewer, who decides.</p>"
    return f"<h4>{escape(head)}</h4>{notes}<table><tr>{names}</tr>{body}</table>{told}"


def _cells(result: CriterionResult) -> str:
    quotes = "<br>".join(
        f'<span style="background:{MARKS[e.stance]};color:#1d2430">{escape(e.excerpt.quote)}</span> '
        f"<small>{escape(e.excerpt.document_id)}, page {e.excerpt.page}</small>"
        for e in result.evidence
        if e.stance != "context"
    )
    status = f'<b style="color:{COLOURS[result.status]}">{result.status.replace("_", " ")}</b>'
    why = escape(result.derivation or result.rationale)
    cells = (f"{escape(result.id)} {escape(result.title)}", status, why, quotes)
    return "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells)


def decide_widget(
    screening: Screening, criterion: str, write: Callable[[Decided], None], reviewer: str, at: str | None = None
) -> Any:
    """Confirm, reject or correct one criterion; `write` is given the decision record (see `pipeline.labels`).

    The rules are those of the reviewer's page: a rejected suggestion becomes `insufficient`, and rejecting, correcting
    or confirming a conflict needs a typed reason.
    """
    import ipywidgets

    result = next((c for c in screening.criteria if c.id == criterion), None)
    if result is None:
        raise UserError(f"{criterion}: not in this screening; use one of {', '.join(c.id for c in screening.criteria)}")
    shown = ipywidgets.HTML(f"<table><tr>{_cells(result)}</tr></table>")
    reason = ipywidgets.Text(placeholder="reason")
    status = ipywidgets.Dropdown(options=[s for s in STATUSES if s != result.status])
    told = ipywidgets.HTML()
    buttons = {name: ipywidgets.Button(description=name) for name in ("confirm", "reject", "correct")}
    buttons["reject"].disabled = result.status == "insufficient"

    def decide(button: Any) -> None:
        action = str(button.description)
        decision = {"confirm": result.status, "reject": "insufficient", "correct": status.value}[action]
        if (action != "confirm" or result.status == "conflicting") and not reason.value.strip():
            told.value = "Say why, in a few words."
            return
        moment = at or datetime.now(UTC).isoformat(timespec="seconds")
        excerpts = tuple(_excerpt(e) for e in result.evidence)
        write(
            Decided(
                screening.packet_id, result.id, result.status, decision, action, reason.value, "", moment, (reviewer,), excerpts
            )
        )
        told.value = f"{action}: {escape(decision.replace('_', ' '))}"

    for button in buttons.values():
        button.on_click(decide)
    return ipywidgets.VBox([shown, reason, ipywidgets.HBox([*buttons.values(), status]), told])


def _excerpt(evidence: Any) -> dict[str, Any]:
    words = evidence.excerpt
    place = {name: getattr(words, name) for name in ("document_id", "page", "start", "end", "quote")}
    return {**place, "stance": evidence.stance, "origin": "suggested", "dropped": False}
