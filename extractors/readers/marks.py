"""Printed signs that are not letters: tick boxes, ticks, ligatures, symbol fonts."""

from __future__ import annotations

from extractors.readers.words import EMPTY, TICKED

EMPTY_BOXES = frozenset("☐□❏❐❑❒◻▢⬜")
TICKED_BOXES = frozenset("☑☒⊠⌧🗹🗷")
LOOSE_TICKS = frozenset("✓✔✕✖✗✘■")
"""A tick without a box stands for a ticked box only on a page that also prints empty boxes."""
PEN_TICKS = LOOSE_TICKS | frozenset("xX\u00d7")
"""What counts as a tick when it is printed inside a drawn box."""

# Adobe's ZapfDingbats and Microsoft's Wingdings encode signs at the codes of letters.
ZAPF = {
    "3": "✓", "4": "✔", "5": "✕", "6": "✖", "7": "✗", "8": "✘", "l": "●", "n": "■",
    "o": "❏", "p": "❐", "q": "❑", "r": "❒", "m": "❍", "s": "▲", "u": "◆",
}  # fmt: skip
WINGDINGS = {
    "l": "●", "n": "■", "o": "□", "q": "❑", "r": "❒", "x": "☒", "¨": "◻", "§": "▪", "\xd8": "➢",
    "\xfb": "✗", "\xfc": "✓", "\xfd": "☒", "\xfe": "☑",
}  # fmt: skip
WINGDINGS_2 = {"O": "✕", "P": "✓", "Q": "☒", "R": "☑", "S": "☒", "T": "☒", "\xa3": "□", "*": "□"}
PLAIN = str.maketrans(
    {
        "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st",
        "\ufb06": "st",
        "\xa0": " ", "\u2009": " ", "\u202f": " ", "\u2007": " ", "\u3000": " ", "\t": " ", "\n": " ", "\r": " ",
        "\xad": "-", "\u2010": "-", "\u2011": "-", "\u200b": "", "\u200c": "", "\u200d": "", "\ufeff": "", "\x00": "",
        **{c: EMPTY for c in EMPTY_BOXES}, **{c: TICKED for c in TICKED_BOXES},
    }
)  # fmt: skip
"""Ligatures as letters, all hyphens and spaces alike, every box as EMPTY or TICKED."""


def symbols(font: str) -> dict[str, str] | None:
    """The signs of a symbol font, by the letters at their codes; None for a font of letters."""
    name = font.lower().replace(" ", "").replace("-", "")
    if "dingbats" in name:
        return ZAPF
    if "wingdings2" in name:
        return WINGDINGS_2
    return WINGDINGS if "wingdings" in name else None


def sign(text: str, code: int, table: dict[str, str]) -> str:
    """What a glyph of a symbol font shows: a sign that Unicode already names stays."""
    if text and ord(text[0]) >= 0x2000 and not 0xF000 <= ord(text[0]) <= 0xF0FF:
        return text
    letter = chr(ord(text[0]) & 0xFF) if text and not text.startswith("(cid:") else chr(code & 0xFF)
    return table.get(letter, "•")
