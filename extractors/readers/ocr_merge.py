"""Two readings of the same print made one: which word to believe, and how far.

Both engines misread digits with high confidence, but seldom alike: a word with a digit is trusted only when both
read it the same (their agreement, measured, is the best signal there is). Where they differ, the cheap engine looks once
more, at that word alone and enlarged: it may then see what the thorough one saw. Boxes are pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from itertools import compress

from extractors.readers.ocr_engines import PixelBox, Strip, Token

AGREED, ALONE, DISPUTED = 0.95, 0.5, 0.3
"""Least confidence of what both read alike; the most a number read by one engine, or differently by each, can have."""
SURE = 0.85
"""Confidence of its least sure character from which the thorough engine is believed against the cheap one."""
STRIPPED = ".,;:()[]'\"*"
Look = Callable[[PixelBox], str]
"""What the cheap engine reads in a box when it looks at nothing else."""


def merge(cheap: Sequence[Token], thorough: Sequence[Strip], look: Look = lambda box: "") -> list[Token]:
    """Words of a page from the cheap reading and the strips read thoroughly; what only one saw is kept."""
    rest = list(cheap)
    merged: list[Token] = []
    for strip in thorough:
        inside = [_inside(t.box, strip.box) for t in rest]
        covered = list(compress(rest, inside))
        rest = [t for t, within in zip(rest, inside, strict=True) if not within]
        for piece in _pieces(sorted(covered, key=lambda t: t.box[0]), strip.words):
            merged.extend(_believe(*piece, look))
    return merged + [_alone(t) for t in rest]


def union(boxes: Iterable[PixelBox]) -> PixelBox:
    """The smallest box around all of `boxes`."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))


def numeric(text: str) -> bool:
    """Whether a word carries a digit."""
    return any(c.isdigit() for c in text)


def _inside(box: PixelBox, area: PixelBox) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return area[0] <= x <= area[2] and area[1] <= y <= area[3]


def _pieces(first: Sequence[Token], second: Sequence[Token]) -> list[tuple[list[Token], list[Token]]]:
    """Cut two readings of a line where both have a word boundary at the same place of their aligned characters."""
    a, b = "".join(t.text for t in first), "".join(t.text for t in second)
    cuts_a, cuts_b = _cuts(first), _cuts(second)
    common = [(0, 0)]
    for i, j, n in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
        for k in range(n + 1):
            if i + k in cuts_a and j + k in cuts_b and (i + k, j + k) > common[-1]:
                common.append((i + k, j + k))
    common.append((len(a), len(b)))
    pieces = []
    for (a0, b0), (a1, b1) in zip(common, common[1:], strict=False):
        one = [t for t, at in zip(first, sorted(cuts_a), strict=False) if a0 <= at < a1]
        two = [t for t, at in zip(second, sorted(cuts_b), strict=False) if b0 <= at < b1]
        if one or two:
            pieces.append((one, two))
    return pieces


def _cuts(tokens: Sequence[Token]) -> set[int]:
    at, cuts = 0, {0}
    for token in tokens:
        at += len(token.text)
        cuts.add(at)
    return cuts


def _believe(cheap: list[Token], thorough: list[Token], look: Look) -> list[Token]:
    """The words to keep of one piece of a line read twice."""
    if not thorough:
        return [_alone(t) for t in cheap]
    if not cheap:
        return [_looked_at(_alone(t), look) for t in thorough]
    one, two = "".join(t.text for t in cheap), "".join(t.text for t in thorough)
    if one == two:
        words = cheap if len(cheap) >= len(thorough) else thorough
        trust = _together(cheap, thorough)
        if len(cheap) != len(thorough) and numeric(one):
            return [_looked_at(t._replace(confidence=DISPUTED), look) for t in words]
        return [t._replace(confidence=trust) for t in words]
    words = _choose(cheap, thorough)
    fitted = _fit(words, cheap)
    if one.strip(STRIPPED) == two.strip(STRIPPED) and len(cheap) == len(thorough):
        return [t._replace(confidence=_together(cheap, thorough)) for t in fitted]
    same = {t.text.strip(STRIPPED) for t in cheap} & {t.text.strip(STRIPPED) for t in thorough}
    kept = [_disputed(t, t.text.strip(STRIPPED) in same) for t in fitted]
    return [_looked_at(t, look) for t in kept] if words is thorough else kept


def _choose(cheap: list[Token], thorough: list[Token]) -> list[Token]:
    """The thorough engine is believed when sure, but a dictionary word stands against a look-alike number (is, 1s)."""
    one, two = min(t.confidence for t in cheap), min(t.confidence for t in thorough)
    word = all(t.known and t.text.strip(STRIPPED).isalpha() for t in cheap) and one > 0.6
    if word and any(numeric(t.text) for t in thorough):
        return cheap
    if one >= 0.9 and [t.text.lower() for t in cheap] == [t.text.lower() for t in thorough]:
        return cheap  # alone in its crop a word does not show whether its first letter is a capital
    return thorough if two >= SURE or two >= one else cheap


def _fit(words: list[Token], cheap: list[Token]) -> list[Token]:
    """Give words the boxes of the cheap engine, which are tight, where both saw as many words."""
    if len(words) != len(cheap):
        return words
    return [w._replace(box=c.box) for w, c in zip(words, cheap, strict=True)]


def _together(cheap: Sequence[Token], thorough: Sequence[Token]) -> float:
    doubt = (1 - min(t.confidence for t in cheap)) * (1 - min(t.confidence for t in thorough))
    return max(AGREED, 1 - max(0.0, doubt))


def _disputed(token: Token, same: bool) -> Token:
    if numeric(token.text):
        return token._replace(confidence=min(token.confidence, DISPUTED))
    return token._replace(confidence=token.confidence if same else token.confidence * 0.7)


def _looked_at(token: Token, look: Look) -> Token:
    """A number in doubt, as the thorough engine read it, trusted where the cheap one comes to read the same."""
    if not numeric(token.text) or look(token.box).strip(STRIPPED) != token.text.strip(STRIPPED):
        return token
    return token._replace(confidence=AGREED)


def _alone(token: Token) -> Token:
    return token._replace(confidence=min(token.confidence, ALONE)) if numeric(token.text) else token
