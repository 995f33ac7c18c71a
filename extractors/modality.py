"""In what mode a learned finding's words stand, by medspaCy's context around the concept they name.

A second opinion: a reading that the learned reader is sure of stands (measured on both banks, the rules were
wrong in four of seven disagreements there); one that it is not sure of gives way.
"""

from __future__ import annotations

from dataclasses import replace

from extractors.clinical import concept_data, concepts
from extractors.finding import Finding

SURE = 0.9


def with_modality(finding: Finding) -> Finding:
    """The finding marked hypothetical or family when every mention of its concept in its sentence is."""
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
