"""Whose page is this: the patient's name, date of birth and record number, page by page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from extractors.document import Document, Page

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATE = re.compile(
    r"\b(?:(?P<y>(?:19|20)\d\d)[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"|(?P<m2>\d{1,2})[-/.](?P<d2>\d{1,2})[-/.](?P<y2>(?:19|20)?\d\d)"
    r"|(?P<d4>\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<mon4>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?\s+(?P<y4>(?:19|20)\d\d)"
    r"|(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?P<d3>\d{1,2}),?\s+(?P<y3>(?:19|20)\d\d))\b",
    re.IGNORECASE,
)
BIRTH = re.compile(r"(?:\bdate of birth|\bD\.?\s?O\.?\s?B\b\.?|\bborn)[\s:]*", re.IGNORECASE)
NUMBER = re.compile(
    r"(?:\bM\.?R\.?N\b\.?|\bMR\s?#|\bmed(?:ical)?\.?\s?rec(?:ord)?\.?(?:\s?(?:no\.?|number|#))?|\brecord\s?(?:#|no\.?|number)"
    r"|\bhospital (?:number|no\.?)|\b(?:our )?chart(?: no\.?| number| #)?|\bacc(?:oun)?t\b\.?|\bID\b)[\s:#]*"
    r"(?P<number>[A-Z]{0,3}[- ]?\d[\d-]{3,11})",
    re.IGNORECASE,
)
_TITLE = r"(?:(?:Mrs?|Ms|Miss)\b\.?\s+)?"
_WORD = r"(?!(?:Patient|Member|Name|Date|Birth|Record|Number|Medical|Sex|DOB|MRN|Plan|Dear|Page)\b)[A-Z][A-Za-z'’-]+"
NAME = re.compile(
    rf"(?:^|\b(?i:patient(?: name)?|member(?: name)?|name|re|pt)\s*[:#]?\s+|\b(?i:re):\s*){_TITLE}"
    rf"(?P<name>{_WORD},[ ]?{_WORD}(?: [A-Z]\b\.?)?|(?-i:(?=[A-Z][a-z'’-]+ )){_WORD}(?: [A-Z]\.?)? {_WORD})"
)
LABELLED_NAME = re.compile(
    rf"\b(?i:patient(?: name)?|member(?: name)?|name)\s*[:#\t]\s*{_TITLE}(?P<name>{_WORD},?(?: [A-Z]\b\.?)? {_WORD}(?: [A-Z]\b\.?)?)"
)
RELATIVE = re.compile(r"\b(?:subscriber|guarantor|insured|policy ?holder|emergency|next of kin|spouse|contact)\b", re.IGNORECASE)
"""Whom a line names beside the patient."""
HEAD_LINES = 4
"""Lines from a labelled name on among which its date of birth and number are looked for."""
BANNER_LINES = 5
"""Lines at the top of a page in which a banner is looked for, beside the lines that name a date of birth."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A patient, as far as known; `dob` is an ISO date."""

    name: str | None = None
    dob: str | None = None
    mrn: str | None = None


def iso_date(found: re.Match[str]) -> str | None:
    """The ISO date of a DATE match; None for an impossible one. Two-digit years are of this century."""
    group = found.groupdict()
    year = group["y"] or group["y2"] or group["y3"] or group["y4"]
    month = group["m"] or group["m2"] or str(MONTHS.index((group["mon"] or group["mon4"]).lower()[:3]) + 1)
    day = group["d"] or group["d2"] or group["d3"] or group["d4"]
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return None
    return f"{int(year) + (2000 if len(year) == 2 else 0):04d}-{int(month):02d}-{int(day):02d}"


def page_identity(page: Page) -> Identity:
    """The identity that a page bears: its banner, or the line that names a date of birth."""
    lines = [line for line in page.text.split("\n") if line.strip() and not RELATIVE.search(line)]
    banner = next((line for line in lines[:BANNER_LINES] if _is_banner(line)), None)
    line = banner or next((line for line in lines if BIRTH.search(line) and NAME.search(line)), None)
    name = NAME.search(line) if line else None
    for at, head in enumerate(lines[:BANNER_LINES] if line is None else ()):
        if (name := LABELLED_NAME.search(head)) is not None:
            line = "  ".join(lines[at : at + HEAD_LINES])
            break
    if line is None:
        return Identity()
    number = NUMBER.search(line)
    birth = _birth(line) if line in lines or BIRTH.search(line) else None
    return Identity(name["name"].strip() if name else None, birth, number["number"].strip() if number else None)


def _is_banner(line: str) -> bool:
    return bool(NAME.search(line)) and bool(DATE.search(line)) and bool(BIRTH.search(line) or NUMBER.search(line))


def _birth(line: str) -> str | None:
    label = BIRTH.search(line)
    found = DATE.match(line, label.end()) if label else DATE.search(line)
    day = iso_date(found) if found else None
    return f"19{day[2:]}" if day and day > "2027" else day


def packet_identity(documents: Iterable[Document]) -> Identity:
    """The name, date of birth and number that most pages bear."""
    seen = [page_identity(page) for document in documents for page in document.pages]
    return Identity(*(_most(getattr(one, field) for one in seen) for field in ("name", "dob", "mrn")))


def _most(values: Iterable[str | None]) -> str | None:
    counted = Counter(value for value in values if value)
    return max(counted, key=lambda value: counted[value], default=None)


def foreign_pages(documents: Sequence[Document], patient: Identity) -> tuple[tuple[str, int], ...]:
    """(document_id, page) of each page that bears somebody else's identity.

    One field alone never convicts: a digit may be misread, a name may have changed, a plan number is no
    record number. A date of birth off by one digit is taken as a misreading.
    """
    return tuple(
        (document.document_id, page.number)
        for document in documents
        for page in document.pages
        if _is_foreign(page_identity(page), patient)
    )


def own_pages(documents: Iterable[Document], foreign: Collection[tuple[str, int]]) -> tuple[Document, ...]:
    """The documents without the pages of other patients: neither a sum nor the request may take them in."""
    return tuple(
        replace(d, pages=tuple(p for p in d.pages if (d.document_id, p.number) not in foreign)) for d in documents
    )


def _is_foreign(page: Identity, patient: Identity) -> bool:
    other_name = bool(page.name and patient.name) and not same_name(page.name or "", patient.name or "")
    other_number = bool(page.mrn and patient.mrn) and _digits(page.mrn) != _digits(patient.mrn)
    if page.dob and patient.dob:
        other_birth = sum(a != b for a, b in zip(page.dob, patient.dob, strict=True)) >= 2
        if page.dob == patient.dob:
            return other_name and _twins(page, patient)
        return other_birth and (other_name or other_number)
    return other_name and other_number


def same_name(one: str, other: str) -> bool:
    """Two writings of one name: every word of the shorter is, give or take a letter, in the longer."""
    short, long = sorted((_words(one), _words(other)), key=len)
    return all(any(_alike(a, b) for b in long) for a in short)


def _twins(one: Identity, other: Identity) -> bool:
    """Born the same day, one family name, other given names as a banner prints them, and numbers no misreading explains."""
    families = [(who.name or "").partition(",")[::2] for who in (one, other)]
    numbers = [_digits(who.mrn) for who in (one, other)]
    far = len(numbers[0]) == len(numbers[1]) and sum(a != b for a, b in zip(*numbers, strict=True)) >= 2
    return far and all(given for _, given in families) and _alike(*(family.lower() for family, _ in families))


def _words(name: str) -> list[str]:
    return [word for word in re.findall(r"[a-z]{2,}", name.lower()) if word not in ("mr", "mrs", "ms", "miss", "jr", "sr")]


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other).ratio() >= 0.85


def _digits(number: str | None) -> str:
    return re.sub(r"\D", "", number or "")
