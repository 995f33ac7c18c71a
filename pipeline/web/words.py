"""The words and keys of the pages; a status has its words and sign from `criteria.screening`."""

from __future__ import annotations

from collections.abc import Sequence

STAGE_WORDS = {
    "open": "To review",
    "review": "In review",
    "second": "Second review",
    "adjudicate": "To adjudicate",
    "done": "Finished",
}
PHASE_WORDS = {"trial": "trial", "implant": "permanent pump", "out_of_scope": "out of scope", "unknown": "not clear"}
FLAG_WORDS = {
    "foreign_patient_page": "Another patient’s page",
    "medical_director_exception": "For the medical director",
    "out_of_scope": "Out of scope",
    "unreadable_page": "Could not be read",
    "request_unclear": "Request unclear",
}
KEYS: Sequence[tuple[str, str, str]] = (
    ("j", "next", "next criterion"),
    ("k", "previous", "previous criterion"),
    ("c", "confirm", "confirm the suggestion and move on"),
    ("r", "reject", "reject the suggestion, with a reason"),
    ("e", "correct", "correct to another status, with a reason"),
    ("u", "undo", "undo the last step on this criterion"),
    ("m", "note", "write a note"),
    ("]", "evidence", "show the next excerpt"),
    ("[", "evidence-back", "show the excerpt before"),
    ("a", "add", "select words on the page (arrows, Shift+arrows, Enter)"),
    ("n", "page", "next page"),
    ("p", "page-back", "page before"),
    ("g", "jump", "jump to a page"),
    ("/", "search", "search in the record"),
    ("t", "talk", "ask about the record"),
    ("h", "highlights", "hide or show the highlights"),
    ("+", "zoom-in", "larger pages"),
    ("-", "zoom-out", "smaller pages"),
    ("?", "help", "this help"),
)
"""Key, action, words: the help panel, the page's module and the tests are made of this table."""
