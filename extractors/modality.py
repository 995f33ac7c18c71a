"""In what mode a learned finding's words stand, by medspaCy's context around the concept they name.

A second opinion: a reading that the learned reader is sure of stands (measured on both banks, the rules were
wrong in four of seven disagreements there); one that it is not sure of gives way.
"""

from __future__ import annotations

import re
from dataclasses import replace

from extractors.clinical import concept_data, concepts
from extractors.finding import Finding

SURE = 0.9
PENDING = re.compile(
    r"\b(?:date|reports?|results?|clearance|evaluation|eval|status|psych\w*)\b[\s:(-]*(?:is |still |are )*"
    r"(?:pending|awaited|tbd|to follow|to be (?:done|scheduled))\b",
    re.I,
)
"""An evaluation that is still to come, whatever box is ticked."""


def with_modality(finding: Finding) -> Finding:
    """The finding marked hypothetical or family when every mention of its concept in its sentence is."""
    if finding.kind == "psychological_evaluation" and PENDING.search(finding.excerpt.quote):
        return replace(finding, assertion=replace(finding.assertion, hypothetical=True))
    entry = concept_data().get(finding.kind)
    if finding.rule != "learned" or finding.score >= SURE or entry is None or finding.value in entry.get("unless", ()):
        return finding
    mentions = concepts(finding.excerpt.quote).get(finding.kind, [])
    if not mentions:
        return finding
    assertion = replace(
        finding.assertion,
        hypothetical=all(m.hypothetical and not m.negated for m in mentions),
        family=finding.assertion.family or all(m.family for m in mentions),
    )
    return replace(finding, assertion=assertion)
