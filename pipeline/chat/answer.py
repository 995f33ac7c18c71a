"""What a conversation hands out, and the gate that every statement passes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from extractors.document import Excerpt, excerpt
from extractors.sentences import sentence_spans
from pipeline.chat.packet import PacketView

Status = Literal["answered", "not_documented", "refused"]
NOT_DOCUMENTED = "Not documented in this packet, as far as found."
NUMBER = re.compile(r"\d+(?:\.\d+)?")
DENIAL = re.compile(r"\b(?:no|not|none|denie[sd]|without|never|negative|absent|cannot|n't)\b|n't\b", re.I)


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement and the ids of the excerpts it rests on. Words of a model are checked; `ours` are the engine's own."""

    says: str
    excerpts: tuple[str, ...]
    quote: str | None = None
    ours: bool = False
    under: str = ""
    """The statement of the engine that the excerpts show; they are told beneath it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` as shown; `citations` verbatim; `dropped` counts the statements that failed the gate."""

    text: str
    status: Status
    citations: tuple[Excerpt, ...] = ()
    dropped: int = 0
    about: dict[str, Any] = field(default_factory=dict)
    told: tuple[tuple[str, tuple[Excerpt, ...]], ...] = ()
    """The same in its parts: what the engine states ("" for nothing), each with the excerpts beneath it."""

    def as_json(self) -> dict[str, Any]:
        told = [{"says": says, "citations": [place_of(e) for e in beneath]} for says, beneath in self.told or ((self.text, ()),)]
        return {"answer": self.text, "status": self.status, "citations": [place_of(e) for e in self.citations], "told": told}


def place_of(e: Excerpt) -> dict[str, Any]:
    """An excerpt as it is cited."""
    return {"document_id": e.document_id, "page": e.page, "start": e.start, "end": e.end, "quote": e.quote}


def us_day(iso: str) -> str:
    """An ISO day as the records write it."""
    year, month, day = iso.split("-")
    return f"{month}/{day}/{year}"


def claims_in(said: str) -> Iterator[tuple[Claim, Mapping[str, Any]]]:
    """The claims of a model's JSON, each with all that was said of it; anything else is no claim."""
    try:
        for c in json.loads(said[said.index("{") : said.rindex("}") + 1])["claims"]:
            yield Claim(str(c["says"]), (str(c["excerpt"]),), str(c["quote"])), c
    except (ValueError, KeyError, TypeError):
        return


def passes(packet: PacketView, claim: Claim) -> tuple[Excerpt, ...]:
    """The excerpts of a claim that holds, else nothing.

    The ids must exist; a model's quote must stand in one of them, normalised, and is widened to its sentence; the
    numbers of a model's words must stand in the excerpts, and both must deny or neither.
    """
    found = tuple(e for e in (packet.find(name) for name in claim.excerpts) if e is not None)
    if not found or len(found) != len(claim.excerpts):
        return ()
    if claim.ours:
        return found
    if claim.quote is not None:
        where = next((w for w in (located(packet, e, claim.quote) for e in found) if w is not None), None)
        if where is None:
            return ()
        found = (where,)
    said, shown = claim.says, " ".join(e.quote for e in found)
    free = NUMBER.findall(shown)
    for number in NUMBER.findall(said):
        if number not in free:
            return ()
        free.remove(number)
    return found if bool(DENIAL.search(said)) == bool(DENIAL.search(shown)) else ()


def located(packet: PacketView, where: Excerpt, quote: str) -> Excerpt | None:
    """The whole sentence of `where` that holds the quote, compared without case, quotes' shapes and white space."""
    plain, places = _plain(where.quote)
    wanted, _ = _plain(quote)
    at = plain.find(wanted) if len(wanted) >= 8 else -1
    if at < 0:
        return None
    start, end = where.start + places[at], where.start + places[at + len(wanted) - 1] + 1
    for a, b in sentence_spans(where.quote):
        if where.start + a <= start < where.start + b:
            start = where.start + a
        if where.start + a < end <= where.start + b:
            end = where.start + b
    return excerpt(where.document_id, packet.pages[where.document_id, where.page], start, end)


def _plain(text: str) -> tuple[str, list[int]]:
    out: list[str] = []
    places: list[int] = []
    for i, c in enumerate(text):
        c = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"}.get(c, c)
        if c.isspace():
            if out and out[-1] != " ":
                out.append(" ")
                places.append(i)
            continue
        out.append(c.casefold()[:1])
        places.append(i)
    while out and out[-1] == " ":
        out.pop()
        places.pop()
    return "".join(out), places
