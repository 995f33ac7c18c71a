"""What a notebook shows beyond a value's own HTML: findings on their page, evidence on its picture, and a decision widget.

Document, Page, Finding and Screening show themselves. All text of a record is escaped; nothing is fetched from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

from criteria.policy import Policy
from criteria.screening import STATUS_SIGNS, STATUS_WORDS, Screening
from extractors.document import Document
from extractors.finding import Finding
from extractors.markup import marked
from pipeline.desk import Desk
from pipeline.worksheet import worksheet_html


def document_html(document: Document, findings: Iterable[Finding]) -> str:
    """The pages' texts, with the words of findings marked."""
    spots: dict[int, list[tuple[int, int, str]]] = {}
    for finding in findings:
        place = finding.excerpt
        if place.document_id == document.document_id:
            spots.setdefault(place.page, []).append((place.start, place.end, finding.said))
    return f"<h4>{escape(document.file)}</h4>" + "".join(p.html(spots.get(p.number, ())) for p in document.pages)


def evidence_html(
    screening: Screening, documents: Sequence[Document], files: Mapping[str, Path], policy: Policy, *criteria: str
) -> str:
    """The worksheet of these criteria (of all, if none is named): each excerpt marked on the picture of its page."""
    wanted = tuple(c for c in screening.criteria if not criteria or c.id in criteria)
    page = worksheet_html(replace(screening, criteria=wanted), documents, files, policy)
    return f'<iframe srcdoc="{escape(page)}" style="width:100%;height:40em;border:0" title="worksheet"></iframe>'


def decide_widget(desk: Desk, criterion: str) -> Any:
    """Confirm, reject or correct one criterion of the packet on the desk; the store's rules are the reviewer's page's."""
    import ipywidgets

    before = desk.state(criterion)
    quotes = "".join(
        f"<p>{marked(e.quote, [(0, len(e.quote), e.finding)])} "
        f"<small>{e.stance}: {escape(e.document_id)}, page {e.page}</small></p>"
        for e in before.excerpts
        if e.id in before.deciding()
    )
    shown = ipywidgets.HTML(f"<b>{escape(criterion)}</b> suggested: {_words(before.suggested)}{quotes}")
    reason = ipywidgets.Text(placeholder="reason")
    status = ipywidgets.Dropdown(options=[(_words(s), s) for s in STATUS_WORDS if s != before.suggested])
    told = ipywidgets.HTML()
    buttons = [ipywidgets.Button(description=name) for name in ("confirm", "reject", "correct", "undo")]

    def decide(button: Any) -> None:
        action = str(button.description)
        refused = desk.decide(criterion, action, status.value if action == "correct" else None, reason.value)
        after = desk.state(criterion)
        stands = f"{after.action}: {_words(after.status)}" if after.status else "not decided"
        told.value = escape(refused or stands)

    for button in buttons:
        button.on_click(decide)
    return ipywidgets.VBox([shown, reason, ipywidgets.HBox([*buttons, status]), told])


def _words(status: Any) -> str:
    return f"{STATUS_SIGNS[status]} {STATUS_WORDS[status]}"
