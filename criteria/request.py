"""The request: what is asked for, decided from request.json (which wins) and from what the documents suggest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from criteria.policy import INDICATIONS, PHASES, Policy
from extractors.document import Document
from extractors.errors import UserError
from extractors.identity import Identity, foreign_pages, own_pages, packet_identity
from extractors.request_facts import RequestFacts, RequestHint, drug_names, read_request_facts

REQUEST_KEYS = ("phase", "indication", "drug", "request_date", "patient", "codes")
ALL_PHASES = (*PHASES, "out_of_scope", "unknown")
ALL_INDICATIONS = (*INDICATIONS, "unknown")
NOBODY = Identity()


@dataclass(frozen=True, slots=True)
class Request:
    """What the packet asks for. `drugs` are the generic names in `drug`; `exclusion` is the topic of another policy.

    `assumed` names what no document tells ("phase", "indication"): the likelier was taken, so that a reviewer sees its criteria.
    """

    phase: str
    indication: str
    drug: str | None = None
    drugs: frozenset[str] = frozenset()
    codes: tuple[str, ...] = ()
    request_date: str | None = None
    patient: Identity = NOBODY
    exclusion: str | None = None
    foreign_pages: tuple[tuple[str, int], ...] = ()
    assumed: tuple[str, ...] = ()

    def hint(self) -> RequestHint:
        """What extraction may know of the request."""
        return RequestHint(self.phase, self.indication, self.drug, self.request_date)


def load_given(path: Path) -> Mapping[str, Any]:
    """What a packet's request.json says, checked. Raises UserError for a wrong one."""
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        raise UserError("request.json: not readable as JSON; correct or remove it") from None
    if not isinstance(given, dict):
        raise UserError("request.json: not an object; write {...}")
    for key, allowed in (("phase", ALL_PHASES), ("indication", ALL_INDICATIONS)):
        if given.get(key) is not None and given[key] not in allowed:
            raise UserError(f"request.json: {key} is unknown; use one of {', '.join(allowed)}")
    if not isinstance(given.get("patient") or {}, dict) or not isinstance(given.get("codes") or [], list):
        raise UserError("request.json: patient must be an object and codes a list; correct them")
    return {key: given[key] for key in REQUEST_KEYS if given.get(key) is not None}


def decide_request(policy: Policy, documents: Sequence[Document], given: Mapping[str, Any]) -> Request:
    """The request of one packet. What `given` (request.json) leaves out is read from the documents."""
    patient = _patient(given.get("patient") or {}, packet_identity(documents))
    foreign = foreign_pages(documents, patient)
    facts = read_request_facts(own_pages(documents, foreign))
    codes = tuple(str(code) for code in given.get("codes") or facts.codes)
    drug = given.get("drug") or facts.drug
    exclusion = None if "phase" in given and given["phase"] in PHASES else _exclusion(policy, facts, codes, drug)
    coded = {policy.codes[code] for code in codes if policy.codes.get(code) in PHASES}
    phase = given.get("phase") or ("out_of_scope" if exclusion else _phase(facts, coded))
    return Request(
        phase=phase,
        indication=given.get("indication") or facts.indication or "unknown",
        drug=drug,
        drugs=drug_names(drug or ""),
        codes=codes,
        request_date=given.get("request_date") or facts.request_date,
        patient=patient,
        exclusion=exclusion,
        foreign_pages=foreign,
        assumed=() if exclusion else tuple(n for n in facts.assumed if n not in given and not (n == "phase" and coded)),
    )


def _phase(facts: RequestFacts, coded: Set[str]) -> str:
    """What the codes ask for. Of codes for both, a pump's cite the trial it followed and a trial's a pump to come: the words decide."""
    told = facts.phase if "phase" not in facts.assumed else None
    if len(coded) == 2:
        return told or "implant"
    return next(iter(coded), facts.phase or "unknown")


def _exclusion(policy: Policy, facts: RequestFacts, codes: Sequence[str], drug: str | None) -> str | None:
    topics = {rule.topic for rule in policy.exclusions}
    if "baclofen" in topics and ("baclofen" in drug_names(drug or "") or facts.topic == "baclofen"):
        return "baclofen"
    known = {policy.codes[code] for code in codes if code in policy.codes}
    if "service" in topics and (known == {"none"} or (not known and facts.topic == "service")):
        return "service"
    if "other_pump" in topics and not known & set(PHASES) and facts.topic == "other_pump":
        return "other_pump"
    return None


def _patient(given: Mapping[str, Any], read: Identity) -> Identity:
    return Identity(
        name=given.get("name") or read.name,
        dob=given.get("dob") or read.dob,
        mrn=given.get("mrn") or read.mrn,
    )
