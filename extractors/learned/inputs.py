"""What the learned reader is given: each segment as a statement, with what stands before it."""

from __future__ import annotations

from collections.abc import Sequence

from extractors.segment import Segment, statement

CONTEXT_CHARACTERS = 160
MAX_TOKENS = 80


def pairs(segments: Sequence[Segment], text: str) -> list[tuple[str, str]]:
    """(context, statement) per segment of a page: the heading and the statements just before."""
    statements = [statement(segment, text) for segment in segments]
    out = []
    for i, segment in enumerate(segments):
        before: list[str] = []
        size = 0
        for earlier in reversed(statements[max(0, i - 3) : i]):
            if size + len(earlier) > CONTEXT_CHARACTERS and before:
                break
            before.insert(0, earlier[-CONTEXT_CHARACTERS:])
            size += len(earlier)
        heading = segment.heading if segment.kind != "heading" else ""
        context = " | ".join(part for part in (heading[:80], " ".join(before)) if part)
        out.append((context, statements[i]))
    return out
