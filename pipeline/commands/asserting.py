"""chartproof assert: the context rules alone, so that they can be measured on any labelled set."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractors.errors import UserError

if TYPE_CHECKING:
    from extractors.finding import Assertion

HEADING = re.compile(r"^[ \t]*([A-Z][A-Za-z /&]{1,40}):", re.MULTILINE)
MODES = ("negated", "historical", "hypothetical", "family", "uncertain")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.jsonl", help='lines {"id", "text", "start", "end"}')


def run(args: argparse.Namespace) -> int:
    for number, item in _items(args.file):
        try:
            text, start, end = str(item["text"]), int(item["start"]), int(item["end"])
            if not 0 <= start < end <= len(text):
                raise ValueError
            named = item["id"]
        except (KeyError, TypeError, ValueError):
            raise UserError(
                f'{args.file.name}:{number}: not {{"id", "text", "start", "end"}} within the text; correct it'
            ) from None
        assertion = _assertion(text, start, end)
        print(json.dumps({"id": named, **{mode: bool(getattr(assertion, mode)) for mode in MODES}}, ensure_ascii=False))
    return 0


def _assertion(text: str, start: int, end: int) -> Assertion:
    """The context rules read one sentence under its heading: the one that holds the concept, or else the whole text."""
    from extractors.clinical import assertions
    from extractors.sentences import sentence_spans
    from extractors.structure import ONE_SENTENCE, section_of

    low, high = next(((a, b) for a, b in sentence_spans(text) if a <= start and end <= b), (0, len(text)))
    headings = HEADING.findall(text, 0, low)
    heading = f"{headings[-1]}: " if headings and section_of(headings[-1]).name not in ONE_SENTENCE else ""
    shift = len(heading) - low
    return assertions(heading + text[low:high], [(start + shift, end + shift)])[0]


def _items(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path}: cannot be read as UTF-8 text; name a JSON-lines file") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError:
                raise UserError(f"{path.name}:{number}: not JSON; write one object a line") from None
