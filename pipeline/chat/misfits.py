"""What does not fit within a packet: times out of order, an identity that differs, pages that repeat others. Plain data in, plain data out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from extractors.identity import Identity

Place = tuple[str, int]
"""A document's id and a page of it."""
REPEATED = 0.9
"""Share of their words that two pages have in common when one repeats the other."""
FEWEST = 20
"""Words of a page that can repeat another; a cover sheet or a page of signatures is like many."""
MISREAD = 1
"""Characters by which a date of birth or number on a recognised page may differ without being told: a misreading is likelier."""
MISTYPED = 2
"""Characters by which a record number differs from the packet's when it is the same kind of number, wrongly written."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a document says that it was written, ISO days: `day` of service, `first` day of any of its entries, days it was `signed`."""

    document_id: str
    day: str
    first: str
    signed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutOfOrder:
    """`day` of a document ("dated", "signed", or of the "trial") stands on the wrong side of `other`, the request's or the visit's."""

    document_id: str
    what: str
    day: str
    other: str


def out_of_order(documents: Sequence[Times], request: str | None, trial: tuple[str, str] | None = None) -> Iterator[OutOfOrder]:
    """What is dated after the request, and signatures older than all that their document tells; `trial` is a document and its day."""
    late = None
    if trial and request and trial[1] > request:
        late = trial[0]
        yield OutOfOrder(late, "trial", trial[1], request)
    for one in documents:
        if request and one.day > request and one.document_id != late:
            yield OutOfOrder(one.document_id, "dated", one.day, request)
        for day in one.signed:
            if day < one.first:
                yield OutOfOrder(one.document_id, "signed", day, one.first)


@dataclass(frozen=True, slots=True)
class OtherIdentity:
    """A page's `field` ("date of birth", "record number") says `found` where the packet has `usual`."""

    place: Place
    field: str
    found: str
    usual: str


def other_identities(pages: Mapping[Place, Identity], usual: Identity, recognised: Collection[Place] = ()) -> Iterator[OtherIdentity]:
    """Pages of the patient's own whose date of birth or record number is written otherwise than on most.

    A number that is no near miss is another kind of number (an account, a plan, another clinic's).
    """
    for place, page in pages.items():
        least = MISREAD + 1 if place in recognised else 1
        if page.dob and usual.dob and _apart(page.dob, usual.dob) >= least:
            yield OtherIdentity(place, "date of birth", page.dob, usual.dob)
        if page.mrn and usual.mrn and len(page.mrn) == len(usual.mrn) and least <= _apart(page.mrn, usual.mrn) <= MISTYPED:
            yield OtherIdentity(place, "record number", page.mrn, usual.mrn)


def _apart(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=False))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def repeats(pages: Mapping[Place, frozenset[str]], alike: Callable[[frozenset[str], frozenset[str]], float] = jaccard) -> Iterator[tuple[Place, Place]]:
    """Each page that repeats an earlier one, and that one, which repeats none; `pages` in reading order, as sets of words.

    Two sets with this share in common have one of their rarest tenth of words in common, so only pages that do are compared:
    the prefix filter of Chaudhuri et al. (ICDE 2006), which misses none. A repeat is compared with no later page.
    """
    count = Counter(word for words in pages.values() for word in words)
    shelves: dict[str, list[Place]] = defaultdict(list)
    for place, words in pages.items():
        if len(words) <= FEWEST:
            continue
        rarest = sorted(words, key=lambda word: (count[word], word))[: len(words) - int(REPEATED * len(words)) + 1]
        near = dict.fromkeys(other for word in rarest for other in shelves[word])
        found = next((other for other in near if alike(words, pages[other]) >= REPEATED), None)
        if found is not None:
            yield place, found
            continue
        for word in rarest:
            shelves[word].append(place)
