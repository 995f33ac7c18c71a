"""A PDF page's content stream, cut into operands and operators by one regular expression.

pdfminer reads it character class by character class, which is half of the time of a text page. Operators are
pdfminer's own; a content with an inline image, rare and irregular, is left to its parser as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pdfminer.pdfinterp import PDFPageInterpreter
from pdfminer.pdftypes import stream_value
from pdfminer.psparser import LIT, literal_name

# PDF 32000-1, 7.2 and 7.3: numbers, operators, names, strings without escapes, hexadecimal strings, brackets.
TOKEN = re.compile(
    rb"""[\x00\s]*(?:
    ([+-]?(?:\d+\.?\d*|\.\d+))
    |([A-Za-z][^#/%\[\]()<>{}\s]*|['"])
    |/([^#/%\[\]()<>{}\s]*(?:\#[^/%\[\]()<>{}\s]*)?)
    |\(([^()\\]*)\)
    |(\()
    |<([0-9A-Fa-f\s]*)>
    |(<<|>>|\[|\])
    |%[^\r\n]*
    |([^\x00\s])
    )""",
    re.VERBOSE,
)
NUMBER, OPERATOR, NAME, STRING, LONG_STRING, HEX_STRING, BRACKET = range(1, 8)
INLINE_IMAGE = re.compile(rb"(?<![^\s])BI(?=[\s/])")
STRING_END = re.compile(rb"\\(?:[0-7]{1,3}|\r\n|.)|[()]", re.DOTALL)
ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r": b"", b"\r\n": b""}
HEX_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
PATIENCE = 2_000
"""Tokens between two looks at the clock."""
DEEPEST = 64
"""Brackets open at once; more are no text operand's."""


class ContentInterpreter(PDFPageInterpreter):
    """pdfminer's interpreter with a faster way through the content. The device must have `check()`."""

    def execute(self, streams: Sequence[object]) -> None:
        """Run content streams; one that contains itself is refused, as pdfminer refuses it."""
        parts = []
        self.stream_ids.clear()
        for item in streams:
            stream = stream_value(item)
            if stream.objid is not None and stream.objid not in self.parent_stream_ids:
                self.stream_ids.add(stream.objid)
                parts.append(stream.get_data())
        content = b"\n".join(parts)
        if INLINE_IMAGE.search(content):
            super().execute(streams)
            return
        methods: dict[bytes, tuple[Any, int] | None] = {}
        for count, (operator, operand) in enumerate(tokens(content)):
            if not count % PATIENCE:
                self.device.check()  # type: ignore[attr-defined]
            if operator is None:
                self.argstack.append(operand)
                continue
            if operator not in methods:
                methods[operator] = self.method(operator)
            known = methods[operator]
            if known is None:
                continue
            function, needed = known
            if not needed:
                function()
            elif len(operands := self.pop(needed)) == needed:
                function(*operands)

    def method(self, operator: bytes) -> tuple[Any, int] | None:
        """pdfminer's method for an operator and how many operands it takes."""
        name = operator.decode("latin-1").replace("*", "_a").replace('"', "_w").replace("'", "_q")
        function = getattr(self, "do_" + name, None)
        return None if function is None else (function, function.__code__.co_argcount - 1)


def tokens(content: bytes) -> Iterator[tuple[bytes | None, Any]]:
    """(operator, None) or (None, operand) in order; arrays and dictionaries come whole."""
    at, end, match = 0, len(content), TOKEN.match
    open_: list[tuple[bytes, list[Any]]] = []
    while at < end and (found := match(content, at)):
        value: Any = None
        at, kind = found.end(), found.lastindex
        if kind == NUMBER:
            number = found[1]
            value = float(number) if b"." in number else int(number)
        elif kind == OPERATOR:
            word = found[2]
            if word in (b"true", b"false"):
                value = word == b"true"
            elif word != b"null":
                open_.clear()  # a bracket that was never closed
                yield word, None
        elif kind == STRING:
            value = found[4]
        elif kind == NAME:
            value = _name(found[3])
        elif kind == HEX_STRING:
            value = _hex(found[6])
        elif kind == LONG_STRING:
            value, at = _string(content, at)
        elif kind == BRACKET:
            value = _bracket(found[7], open_)
        if value is None:
            continue
        if open_:
            open_[-1][1].append(value)
        else:
            yield None, value


def _bracket(mark: bytes, open_: list[tuple[bytes, list[Any]]]) -> Any:
    """The array or dictionary that a bracket closes, else None."""
    if mark in (b"[", b"<<"):
        if len(open_) < DEEPEST:
            open_.append((mark, []))
        return None
    if not open_ or open_[-1][0] != (b"[" if mark == b"]" else b"<<"):
        return None
    _, items = open_.pop()
    if mark == b"]":
        return items
    return {literal_name(key): value for key, value in zip(items[::2], items[1::2], strict=False)}


def _name(raw: bytes) -> Any:
    raw = HEX_ESCAPE.sub(lambda m: bytes.fromhex(m[1].decode()), raw) if b"#" in raw else raw
    try:
        return LIT(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return LIT(raw)


def _hex(raw: bytes) -> bytes:
    digits = re.sub(rb"\s", b"", raw).decode()
    return bytes.fromhex(digits + "0" * (len(digits) % 2))


def _string(content: bytes, at: int) -> tuple[bytes | None, int]:
    """A string with escapes or brackets inside, from after its first bracket, and where it ends."""
    parts, depth = [], 1
    for found in STRING_END.finditer(content, at):
        parts.append(content[at : found.start()])
        at, mark = found.end(), found[0]
        if mark == b"(":
            depth += 1
        elif mark == b")":
            depth -= 1
            if not depth:
                return b"".join(parts), at
        elif mark[1:2] in b"01234567":
            mark = bytes((int(mark[1:], 8) & 255,))
        else:
            mark = ESCAPES.get(mark[1:], mark[1:])
        parts.append(mark)
    return None, len(content)
