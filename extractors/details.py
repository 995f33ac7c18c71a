"""What a finding's own words add to it: which device it speaks of, which drugs an allergy names."""

from __future__ import annotations

import re
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
EVERY = re.compile(r"\b(?:no|any|other|without|nothing|none|devices?|electronic|programmable|powered)\b", re.I)


def with_details(finding: Finding) -> Finding:
    """The finding with attribute `device` (programmable_device) or `drugs` (drug_allergy) where its words name them.

    An anticoagulant whose holding no word speaks of is taken.
    """
    if finding.kind == "anticoagulant" and finding.value == "held" and STARTED.search(finding.excerpt.quote):
        return finding if HOLDS.search(finding.excerpt.quote) else replace(finding, value="taken")
    if finding.kind == "programmable_device":
        named = list(named_devices(finding.excerpt.quote))
        if finding.value == "present" and REQUESTED.search(finding.excerpt.quote) and not named:
            return replace(finding, assertion=replace(finding.assertion, hypothetical=True))
        general = finding.value == "absent" and (len(named) != 1 or EVERY.search(finding.excerpt.quote))
        return finding if general or not named else replace(finding, attributes={**finding.attributes, "device": named[0]})
    if finding.kind == "drug_allergy" and finding.value == "present":
        drugs = tuple(sorted(drug_names(finding.excerpt.quote)))
        return replace(finding, attributes={**finding.attributes, "drugs": drugs}) if drugs else finding
    return finding


def named_devices(text: str) -> dict[str, re.Match[str]]:
    """The devices that a text names, each with where, in the order of `DEVICES`."""
    return {name: found for name, words in DEVICES.items() if (found := re.search(words, text, re.I))}
