"""What a finding's own words add to it: which device or side effect it speaks of, which drugs an allergy names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from extractors.finding import Finding
from extractors.request_facts import drug_names

DEVICES = {
    "spinal cord stimulator": r"\bSCS\b|(?:spinal|dorsal) (?:cord|column) stim\w*|\bDRG\b|stimulator|neurostim\w*|\bIPG\b|\bDCS\b",
    "pacemaker": r"pace ?maker|\bPPM\b|\bpacer\b|leadless|\bMicra\b|\bCRT-?[PD]?\b",
    "defibrillator": r"\bA?ICD\b|defibrillator|cardioverter",
    "deep brain stimulator": r"\bDBS\b|deep brain",
    "vagus nerve stimulator": r"\bVNS\b|vagus|vagal",
    "sacral nerve stimulator": r"sacral (?:nerve |neuro)?(?:stim\w*|modulat\w*)|\bInterStim\b|bladder stim\w*",
    "cochlear implant": r"cochlear",
    "insulin pump": r"insulin pump",
    "loop recorder": r"loop recorder|\bILR\b",
    "programmable shunt": r"\bVP shunt|programmable (?:valve|shunt)",
}
EFFECTS = {
    "nausea": r"nause\w*|vomit\w*|emesis|queas\w*|\bsick\w*|threw up|throwing up",
    "itching": r"itch\w*|prurit\w*|scratch\w*",
    "retention": r"retention|\bvoid\w*|cath(?:eteri[sz]ed|ed)\b|straight cath\w*|in-and-out|foley|bladder|urin\w*",
    "sedation": r"sedat\w*|drows\w*|somnol\w*|rous\w*|naloxone|narcan|respirat\w*|desaturat\w*|\bsleepy",
    "headache": r"headaches?",
    "low pressure": r"hypotens\w*|dizz\w*|light-?headed\w*|faint\w*|syncop\w*",
    "swelling": r"edema|swell\w*|swollen",
}
ALL_EFFECTS = re.compile(r"\b(?:side[- ]effects?|adverse|complications?|tolerat\w+|unwelcome|untoward|nothing|none|otherwise)\b", re.I)
"""Words that speak of the side effects as a whole."""
NOT_INTERACTING = re.compile(
    r"\binterfer\w+|\binteract\w*|\bcompatib\w+|\bcross-?talk|\btelemetry|\b(?:affects?|bothers?|disturbs?|talks? to|hears?) (?:the other|each other|one another)\b",
    re.I,
)
TRUSTED = 0.7
"""The least score with which a statement settles what others say."""
STARTED = re.compile(r"\b(?:start\w*|beg[au]n|began|put (?:\w+ )?on|initiat\w+|continu\w+|resum\w+|prescribed|now on|since|takes|taking)\b", re.I)
HOLDS = re.compile(
    r"\b(?:h[eo]ld\w*|stop\w*|bridg\w*|interrupt\w*|off|last dose|discontinu\w*|paus\w*|omit\w*|skip\w*|ceas\w+|without|no|not|"
    r"days (?:before|prior)|washout|revers\w+|finish\w*|complet\w*|ended)\b",
    re.I,
)
REQUESTED = re.compile(
    r"\b623[56]\d\b|\bCPT\b|\b(?:request\w*|propos\w+|planned|to be (?:placed|implanted)|seeking|authoriz\w+)\b[^.;]{0,60}\b(?:pump|reservoir)\b", re.I
)
"""The pump that is asked for is no other device."""
DEVICE_WORD = re.compile(
    r"\b(?:devices?|implant\w*|pumps?|batter\w+|generators?|leads?|electrod\w+|electronic\w*|pac(?:ed|ing)|programm\w+|valve|shunt|interrogat\w+|"
    r"recharg\w+|remote|electroceutical|Inspire|Medtronic|Abbott|Nevro)\b",
    re.I,
)
"""Without one of these, or a device's name, nothing says that there is a device."""
ELSEWHERE = re.compile(r"\bno (?:other|further|additional)\b|\belsewhere\b", re.I)
"""That there is no other tumor says that there is one."""
EVERY = re.compile(r"\b(?:no|any|(?<!each )other|without|nothing|none|devices?|electronic|programmable|powered)\b", re.I)


def with_details(finding: Finding) -> Finding:
    """The finding with attribute `device` (programmable_device), `effect` (trial_side_effects) or `drugs` (drug_allergy) where its words name them.

    An anticoagulant whose holding no word speaks of is taken.
    """
    if finding.kind == "anticoagulant" and finding.value == "held" and STARTED.search(finding.excerpt.quote):
        return finding if HOLDS.search(finding.excerpt.quote) else replace(finding, value="taken")
    if finding.kind == "programmable_device":
        named = list(named_devices(finding.excerpt.quote))
        if finding.value == "present" and REQUESTED.search(finding.excerpt.quote) and not named:
            return replace(finding, assertion=replace(finding.assertion, hypothetical=True))
        if finding.value == "present" and not named and not DEVICE_WORD.search(finding.excerpt.quote):
            return replace(finding, assertion=replace(finding.assertion, uncertain=True))
        general = finding.value == "absent" and (len(named) != 1 or EVERY.search(finding.excerpt.quote))
        return finding if general or not named else replace(finding, attributes={**finding.attributes, "device": named[0]})
    if finding.kind == "epidural_tumor" and finding.value == "absent" and ELSEWHERE.search(finding.excerpt.quote):
        return replace(finding, assertion=replace(finding.assertion, uncertain=True))
    if finding.kind == "trial_side_effects" and not ALL_EFFECTS.search(finding.excerpt.quote):
        effects = [name for name, words in EFFECTS.items() if re.search(words, finding.excerpt.quote, re.I)]
        return replace(finding, attributes={**finding.attributes, "effect": effects[0]}) if len(effects) == 1 else finding
    if finding.kind == "drug_allergy" and finding.value == "present":
        drugs = tuple(sorted(drug_names(finding.excerpt.quote)))
        return replace(finding, attributes={**finding.attributes, "drugs": drugs}) if drugs else finding
    return finding


def with_interaction(found: Sequence[Finding]) -> list[Finding]:
    """The findings, a device in place `absent` (as facts.yaml has it) once a statement no earlier says that it does not interact."""
    settled = [f for f in found if _harmless(f)]
    return [replace(f, value="absent") if any(_covers(s, f) for s in settled) else f for f in found]


def _harmless(finding: Finding) -> bool:
    absent = finding.kind == "programmable_device" and finding.value == "absent" and finding.assertion.plain
    return absent and finding.score >= TRUSTED and bool(NOT_INTERACTING.search(finding.excerpt.quote))


def _covers(settled: Finding, finding: Finding) -> bool:
    names = {f.attributes.get("device") for f in (settled, finding)} - {None}
    present = finding.kind == "programmable_device" and finding.value == "present"
    return present and len(names) < 2 and (finding.date or "") <= (settled.date or "9999")


def named_devices(text: str) -> dict[str, re.Match[str]]:
    """The devices that a text names, each with where, in the order of `DEVICES`."""
    return {name: found for name, words in DEVICES.items() if (found := re.search(words, text, re.I))}
