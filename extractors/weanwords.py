"""Words that place a statement before or after the trial, shared by doses and stated weans."""

from __future__ import annotations

import re

AFTER = re.compile(
    r"\b(?:since|after|following) (?:the |his |her )?(?:\w+ ){0,2}(?:trial|injection|implant|"
    r"test dose|screening|procedure|catheter)|\bpost[- ]?trial\b|\bafter (?:the )?implant",
    re.I,
)
AHEAD = re.compile(
    r"\b(?:before|prior to|ahead of|leading up to|in advance of|until|up to|by the time of|preceding|"
    r"to the day of|through)\s+(?:(?:the|his|her|this|that|any|hospital)\s+)*(?:\w+\s+){0,2}(?:trial|"
    r"injection|test|screening|procedure|catheter|it)\b|\bpre-?\s?trial\b",
    re.I,
)
