"""Errors a user can act on.

    ChartproofError
    ├── UserError        the input or the configuration is at fault: file, place, what to do
    └── UnreadableFile   one document cannot be read; its packet goes on without it

No message ever holds text of a record: only the document, the page and what to do.
"""

from __future__ import annotations


class ChartproofError(Exception):
    """Base of every error that chartproof raises on purpose."""


class UserError(ChartproofError):
    """A wrong argument or file: printed as one line, exit status 2, no traceback."""


class UnreadableFile(ChartproofError):
    """A document that cannot be read. `reason` is a short phrase without record text."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason
