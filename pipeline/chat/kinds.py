"""What kind of thing a question asks for (a person, a date, a number), and whether a passage holds one."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

KIN = re.compile(r"\b(?:wife|husband|spouse|daughter|son|sister|brother|niece|nephew|mother|mom|father|dad|aunt|uncle|cousin|grand\w+|neighbou?r|friend|\w+-in-law|partner)\b", re.I)
PERSON = re.compile(r"\b(?:Dr\.?|Mr\.?|Mrs\.?|Ms\.?|Miss) [A-Z]|\b[A-Z][a-z]+ [A-Z][a-z]+\b")
DATE = re.compile(r"\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d|\b(?:19|20)\d\d\b", re.I)
PENDING = re.compile(r"\bpending\b|\bnot (?:yet|back|sent|done|performed|received)\b|\bawait|\bto follow\b|\bscheduled\b|\bbooked\b|\bwill\b|\bno reply\b|\bTNP\b", re.I)
"""A passage that tells that something is yet to come."""
_ROLE = r"\b(?:nurse|doctor|surgeon|therapist|psychologist|pharmacist|oncologist|physician|aide|pastor|priest|roommate|clerk|social worker)\b|(?-i:\b(?:MD|DO|RN|NP|PA|PT|PhD|LPN|LCSW)\b)"
_TIME = r"day|night|week|wk|month|mo|year|yr|hour|hr|minute|min|second|sec|session|visit"
_COUNT = r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen"
_MONTH = r"january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
KINDS = {
    "person": (r"\bwho(?:se|m|s|'s)?\b|\bname\b|\bwhich (?:doctor|nurse|provider|clinician|surgeon)", rf"{_ROLE}|{KIN.pattern}|(?-i:{PERSON.pattern})"),
    "date": (
        r"\bwhen\b|\bdate\b|\b(?:what|which) (?:day|date|time|year|yr|month)\b|\bnext (?:appt|appointment|visit)",
        rf"{DATE.pattern}|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b\d{{1,2}}:\d\d|\b(?:{_MONTH})\b|\b(?:tonight|today|tomorrow|yesterday|morning|noon|spring|summer|fall|winter)\b",
    ),
    "duration": (
        rf"\bhow (?:long|old|often)\b|\bhow many (?:{_TIME})s?\b|\bage\b",
        rf"\d|\b(?:{_COUNT}|a|an|few|several)[- ](?:more |full )?(?:{_TIME})s?\b|\bsince\b",
    ),
    "number": (
        r"\bhow (?:many|much|far|high|low|big)\b|\b(?:dose|mg|mcg|mme|count|score|level|inr|a1c|percent|number|no\.|size|rate|value|reading|weight|wt|bmi|bp|total|qty|quantity|model|lowest|highest|latest)\b|%",
        rf"\d|\b(?:{_COUNT}|half|both|none|third|twice|once)\b",
    ),
    "contact": (r"\b(?:phone|fax|telephone|tel|address|e-?mail|npi|zip)\b", r"\(?\d{3}\)?[-. ]\d{3}[-. ]?\d{4}|\b\d{3}-\d{4}\b|\bext(?:ension|\.)? ?\d+|@"),
    "place": (
        r"\bwhere\b|\b(?:what|which) (?:hospital|clinic|pharmacy|town|city|school)",
        r"(?-i:\b(?:in|at|from|to|near|of) (?:the )?[A-Z][a-z]+)|\b(?:street|avenue|road|hospital|clinic|center|church|hall|house|home|apartment|unit|ward|room|floor)\b",
    ),
    "reason": (r"\bwhy\b|\breason\b|\bhow come\b|\bwhat for\b|\bcause\b", r"\b(?:because|since|due to|so|as|for|reason|says?|said|after|from|on account|caus\w+|until)\b"),
}  # fmt: skip
"""Kind to how a question asks for it, and how a passage that holds one is known (case-insensitive)."""
_COMPILED = tuple((re.compile(question, re.I), re.compile(value, re.I)) for question, value in KINDS.values())


def wanted(question: str) -> np.ndarray:
    """Which of KINDS a question asks for, 0 or 1, shape (7,)."""
    return np.array([float(bool(asks.search(question))) for asks, _ in _COMPILED])


def held(texts: Iterable[str]) -> np.ndarray:
    """Which of KINDS each passage holds, and whether it tells of what is yet to come, 0 or 1, shape (len(texts), 8)."""
    return np.array([[float(bool(value.search(text))) for value in (*(v for _, v in _COMPILED), PENDING)] for text in texts]).reshape(-1, len(KINDS) + 1)
