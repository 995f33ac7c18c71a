"""Documents, findings and screenings as a notebook shows them: all words there, all of them escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
from IPython.core.formatters import HTMLFormatter

from criteria.evidence import Evidence
from criteria.policy import load_policy
from criteria.request import decide_request
from criteria.screening import CriterionResult, Flag, Screening, screen
from extractors.document import Document, Page, excerpt
from extractors.finding import Assertion, Finding
from pipeline.display import document_html

TEXT = "Pt <b>denies</b> & has no infection.\n<script>alert(1)</script>"
PAGE = Page(1, TEXT, np.full((len(TEXT), 4), np.nan, np.float32), 612, 792)
DOCUMENT = Document("01_note", "01_<note>.txt", "0" * 64, (PAGE, Page(2, "", np.empty((0, 4), np.float32), 612, 792, readable=False, reason="blank")))
WORDS = excerpt("01_note", PAGE, 3, 36)
FINDING = Finding("infection", "absent", WORDS, "learned", Assertion(historical=True), date="2026-02-03", score=0.91)


class Text(HTMLParser):
    """The text and the tags of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags = "", []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


def shown(value: object) -> Text:
    """What IPython itself makes of a value."""
    html = HTMLFormatter()(value)
    assert html is not None
    return Text(html)


def test_a_document_shows_its_pages() -> None:
    found = shown(DOCUMENT)
    assert TEXT in found.text and "01_<note>.txt" in found.text and "Page 2 (blank)" in found.text
    assert set(found.tags) == {"h4", "p", "b", "pre"} and found.tags.count("b") == 2
    marked = Text(document_html(DOCUMENT, [FINDING, FINDING]))
    assert marked.text == found.text and marked.tags.count("mark") == 1


def test_a_finding_shows_its_fact_its_place_and_its_words() -> None:
    found = shown(FINDING)
    for part in ("infection = absent", "01_note, page 1", "2026-02-03", "learned", "score 0.91", "historical", WORDS.quote):
        assert part in found.text
    assert "script" not in found.tags


def test_a_screening_shows_criteria_flags_and_that_a_reviewer_decides() -> None:
    evidence = (Evidence(WORDS, "contradicts", "infection", None, {}), Evidence(WORDS, "context", "infection", None, {}))
    result = CriterionResult("I.A.4", "No <active> infection", "not_met", "It says so.", None, (), evidence)
    request = decide_request(load_policy(), [DOCUMENT], {"phase": "trial", "indication": "malignant"})
    screening = Screening("p<1>", "LA.CP.MP.173", "4/23", "test", request, "I.A", (), (result,), (Flag("x", "See <this>."),))
    found = shown(screening)
    for part in ("p<1>: LA.CP.MP.173", "See <this>.", "No <active> infection", "✕ Not met", WORDS.quote, "a reviewer, who decides"):
        assert part in found.text
    assert found.text.count(WORDS.quote) == 1 and "this" not in found.tags
    assert shown(result).text in found.text


def test_a_whole_screening_shows_every_criterion() -> None:
    policy = load_policy()
    request = decide_request(policy, [DOCUMENT], {"phase": "trial", "indication": "malignant"})
    screening = screen(policy, [FINDING], request, [DOCUMENT])
    found = shown(screening)
    assert screening.criteria and all(f"{c.id} {c.title}" in found.text for c in screening.criteria)
