"""Whether the trial or the pump is asked for: told in a sentence of asking, or to be inferred from the course."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from extractors.dates import document_date
from extractors.document import Document
from extractors.procedures import find_trials
from extractors.request_words import first_at, matches, without, without_empty_options
from extractors.structure import segments

YES_NO = re.compile(r"[☐☒]\s*(?:yes|no)\b|\b(?:yes|no)\s*[☐☒]", re.IGNORECASE)
PHASES = ("implant", "trial")
Told = Sequence[tuple[Document, Sequence[str]]]
"""Documents with their sentences."""


def asked_phase(sentences: Sequence[str], anywhere: Sequence[str] = ()) -> str | None:
    """What most statements ask for: "implant", "trial" or "service" (refill, removal); of equals what is asked first.

    `sentences` are those of request papers; what is asked outright counts from `anywhere` in the packet.
    """
    papers = [phase for phase, _ in asking(sentences)]
    if papers[:1] == ["service"]:
        return "service"
    outright = [phase for phase, _ in asking(anywhere, "asks_outright")]
    counts = Counter(phase for phase in papers + outright if phase in PHASES)
    return max(counts, key=lambda phase: counts[phase], default=None)


def asking(sentences: Sequence[str], kind: str = "asks") -> list[tuple[str, str]]:
    """What is asked for, with each sentence that asks for it less its empty boxes.

    `kind` is the list of words of asking; "" takes every sentence, as a form asks without such a word.
    """
    return [(phase, kept) for s in sentences if (kept := _asks(s, kind)) and (phase := _named(kept))]


def _asks(sentence: str, kind: str) -> str:
    """What a sentence asks, without options that are not ticked; empty where it does not ask."""
    kept = without_empty_options(sentence)
    answers = bool(YES_NO.search(sentence)) and not re.search(r"\bis this\b|\brequest", sentence, re.IGNORECASE)
    return kept if not answers and (not kind or "☒" in kept or matches(kind, kept)) else ""


def _named(kept: str) -> str | None:
    """What a sentence names as wanted now: no trial that it tells of, and no pump for some later day or that is ruled out."""
    if matches("service", kept) and not matches("replaces", kept):
        return "service"
    now = without("not_now", kept)
    told = {"trial": "trial_told", "implant": "pump_later"}
    wanted = [phase for phase in PHASES if not matches(told[phase], now)]
    for kinds in ("{}", "{}_word"):  # by what it is called, else by a word that alone says less
        first = {phase: at for phase in wanted if (at := first_at(kinds.format(phase), now)) is not None}
        if first:
            return min(first, key=lambda phase: first[phase])
    return None


def phase_of_course(told: Told, form: str | None) -> str | None:
    """Where nobody asks outright: a trial that took place means the pump, and so does a pump that the newest note plans.

    `form` is what a form names without a word of asking.
    """
    if form == "implant" or trial_took_place(document for document, _ in told):
        return "implant"
    days = [(document_date(document) or "", sentences) for document, sentences in told]
    newest_first = [sentences for _, sentences in sorted(days, key=lambda item: item[0], reverse=True)]
    asked = (phase for sentences in newest_first if (phase := asked_phase(sentences)) in PHASES)
    return form or next(asked, None)


def likeliest_phase(sentences: Sequence[str]) -> str | None:
    """Where nothing is asked for: what is named more often, less trials told of and pumps of some later day.

    None where no sentence is about the spine or a pump. A trial comes before a pump where both are named as often.
    """
    if not any(matches("spinal", s) or matches("implant_word", s) for s in sentences):
        return None
    if any(matches("trial_told", s) and matches("to_spine", s) for s in sentences):
        return "implant"
    now = [without("not_now", sentence) for sentence in sentences]
    kinds = (("trial", "trial_word", "trial_told"), ("implant", "implant_word", "pump_later"))
    counts = {phase: sum(matches(word, s) and not matches(told, s) for s in now) for phase, word, told in kinds}
    return max(counts, key=lambda phase: counts[phase])


def trial_took_place(documents: Iterable[Document]) -> bool:
    for document in documents:
        pages = [(page, segments(page)) for page in document.pages if page.readable]
        found = find_trials(document.document_id, pages, document_date(document))
        if any(f.value == "done" and f.assertion.plain for f in found):
            return True
    return False
