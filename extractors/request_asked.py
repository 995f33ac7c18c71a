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


def asked_phase(sentences: Sequence[str]) -> str | None:
    """What the asking sentences name: "implant", "trial" or "service" (refill, removal)."""
    return asking(sentences)[0]


def asking(sentences: Sequence[str], kind: str = "asks") -> tuple[str | None, list[str]]:
    """What most sentences ask for, the first of them where as many ask for the other, and the sentences that ask for it.

    `kind` is the list of words of asking; "" takes every sentence, as a form asks without such a word.
    """
    read = [(phase, kept) for sentence in sentences if (kept := _asks(sentence, kind)) and (phase := _named(kept))]
    if not read:
        return None, []
    if read[0][0] == "service":
        return "service", [read[0][1]]
    counts = Counter(phase for phase, _ in read if phase in PHASES)
    most = max(counts, key=lambda phase: counts[phase])  # of equals the first that was counted
    return most, [kept for phase, kept in read if phase == most]


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
    first = {phase: at for phase in PHASES if (at := first_at(phase, now)) is not None}
    for phase, told in (("trial", "trial_told"), ("implant", "pump_later")):
        if matches(told, now):
            first.pop(phase, None)
    return min(first, key=lambda phase: first[phase], default=None)


def phase_of_course(told: Told) -> str | None:
    """Where no request paper tells: what any document asks for outright, else what the newest note plans.

    A trial that took place means that the pump is asked for.
    """
    outright = asking([s for _, sentences in told for s in sentences], "asks_outright")[0]
    if outright in PHASES:
        return outright
    days = [(document_date(document) or "", sentences) for document, sentences in told]
    newest_first = [sentences for _, sentences in sorted(days, key=lambda item: item[0], reverse=True)]
    asked = [phase for sentences in newest_first if (phase := asked_phase(sentences)) in PHASES]
    if asked[:1] == ["implant"] or _trial_took_place(document for document, _ in told):
        return "implant"
    return asked[0] if asked else None


def likeliest_phase(told: Told) -> str | None:
    """Where nothing is asked for: a trial comes before a pump. None where no document speaks of either."""
    spoken = any(matches(phase, s) for _, sentences in told for s in sentences for phase in PHASES)
    return "trial" if spoken else None


def _trial_took_place(documents: Iterable[Document]) -> bool:
    for document in documents:
        pages = [(page, segments(page)) for page in document.pages if page.readable]
        found = find_trials(document.document_id, pages, document_date(document))
        if any(f.value == "done" and f.assertion.plain for f in found):
            return True
    return False
