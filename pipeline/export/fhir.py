"""FHIR R4: a Questionnaire from a policy, and a screening as Da Vinci DTR QuestionnaireResponse with Provenance.

The response carries suggestions and, where a reviewer decided, the decision; it stays `in-progress` until a person
has decided every criterion. There is no ClaimResponse, and nothing here approves or denies.
Profiles: http://hl7.org/fhir/us/davinci-dtr (2.2.0). `fhir_check.problems` holds what generic validators do not check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from criteria.policy import Policy
from pipeline.export.fhir_check import DTR, ORIGIN
from pipeline.labels import Decided, latest

Json = Mapping[str, Any]
STATUS_SYSTEM = "urn:chartproof:criterion-status"
STATUS_CODES: Mapping[str, tuple[str, str]] = {
    "met": ("evidence-supports", "The documents support the criterion"),
    "not_met": ("evidence-against", "The documents speak against the criterion"),
    "insufficient": ("no-evidence-located", "Nothing that settles the criterion was found in the documents"),
    "conflicting": ("evidence-conflicts", "The documents contradict each other"),
}
"""What a status is called outside: about the evidence, never about the request."""
PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def questionnaire(policy: Policy) -> dict[str, Any]:
    """The policy's criteria as questions, in policy order; linkIds are the criteria's numbers."""
    options = [{"valueCoding": _coding(status)} for status in STATUS_CODES]
    items = [
        {
            "linkId": c.id,
            "prefix": c.id,
            "text": c.title,
            "type": "choice",
            "required": False,
            "answerOption": options,
            "item": [
                {"linkId": f"{c.id}.asks", "text": c.asks, "type": "display"},
                {"linkId": f"{c.id}.evidence", "text": "Words of the record", "type": "text", "repeats": True},
                {"linkId": f"{c.id}.note", "text": "Reviewer's reason or note", "type": "text"},
            ],
        }
        for c in policy.criteria
    ]
    return {
        "resourceType": "Questionnaire",
        "id": str(uuid5(NAMESPACE_URL, f"{_canonical(policy.id)}|{policy.revision}")),
        "url": _canonical(policy.id),
        "version": policy.revision.replace("|", "-"),
        "name": "Criteria_" + "".join(ch if ch.isalnum() else "_" for ch in policy.id),
        "title": f"{policy.id}: {policy.title}",
        "status": "active",
        "subjectType": ["Patient"],
        "description": "Criteria in our own words. Answers tell what the documents show; they are no determination.",
        "item": items,
    }


def bundle(
    screening: Json,
    policy: Policy,
    created: str,
    decisions: Sequence[Decided] = (),
    patient: str | None = None,
    coverage: str | None = None,
) -> dict[str, Any]:
    """A collection: Questionnaire, QuestionnaireResponse, Provenance, the documents, the software and the reviewers.

    `created` is an ISO time with zone; `patient` and `coverage` are references such as "Patient/17", else the packet's
    name stands for both.
    """
    mine = {name: d for (packet, name), d in latest(decisions).items() if packet == screening["packet_id"]}
    names = sorted({name for d in mine.values() for name in d.by})
    response = _response(screening, policy, created, mine, patient, coverage)
    resources = [
        questionnaire(policy),
        response,
        _provenance(screening, response["id"], created, names),
        _device(screening),
        *(_document(screening, d, patient) for d in screening["documents"]),
        *({"resourceType": "Practitioner", "id": _person(name), "name": [{"text": name}]} for name in names),
    ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": created,
        "entry": [{"fullUrl": _urn(r["id"]), "resource": r} for r in resources],
    }


def _response(
    screening: Json, policy: Policy, created: str, mine: Mapping[str, Decided], patient: str | None, coverage: str | None
) -> dict[str, Any]:
    complete = bool(screening["criteria"]) and all(c["id"] in mine for c in screening["criteria"])
    return {
        "resourceType": "QuestionnaireResponse",
        "id": _uuid(screening, "response"),
        "meta": {"profile": [f"{DTR}/dtr-questionnaireresponse"]},
        "extension": [
            {"url": f"{DTR}/qr-coverage", "valueReference": _reference("Coverage", screening, coverage)},
            {
                "url": f"{DTR}/intendedUse",
                "valueCodeableConcept": {
                    "coding": [{"system": "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp", "code": "withpa"}]
                },
            },
        ],
        "questionnaire": f"{_canonical(policy.id)}|{policy.revision.replace('|', '-')}",
        "status": "completed" if complete else "in-progress",
        "subject": _reference("Patient", screening, patient),
        "authored": created,
        "item": [_item(c, mine.get(c["id"])) for c in screening["criteria"]],
    }


def _item(result: Json, decided: Decided | None) -> dict[str, Any]:
    status = decided.status if decided else result["status"]
    source = "override" if decided and decided.changed else "auto-server"
    answer: dict[str, Any] = {"valueCoding": _coding(status), "extension": [_origin(source, decided)]}
    excerpts: Iterable[Json] = decided.excerpts if decided and decided.excerpts else result["evidence"]
    quoted = [_quoted(e, decided) for e in excerpts if not e.get("dropped")]
    inside: list[dict[str, Any]] = []
    if quoted:
        inside.append({"linkId": f"{result['id']}.evidence", "answer": quoted})
    note = " ".join(part for part in (decided.reason, decided.note) if part) if decided else ""
    if note:
        said = {"valueString": note, "extension": [_origin("manual", decided)]}
        inside.append({"linkId": f"{result['id']}.note", "answer": [said]})
    if inside:
        answer["item"] = inside
    return {"linkId": result["id"], "text": result["title"], "answer": [answer]}


def _quoted(excerpt: Json, decided: Decided | None) -> dict[str, Any]:
    by_hand = decided is not None and excerpt.get("origin", "suggested") != "suggested"
    text = f"{excerpt['document_id']}, page {excerpt['page']} ({excerpt['stance']}): {excerpt['quote']}"
    return {"valueString": text, "extension": [_origin("manual" if by_hand else "auto-server", decided)]}


def _origin(source: str, decided: Decided | None) -> dict[str, Any]:
    """Where an answer is from. By dtrx-1 a person's answer names its author, and the software's names none."""
    parts: list[dict[str, Any]] = [{"url": "source", "valueCode": source}]
    if source in ("override", "manual") and decided:
        name = decided.by[-1] if decided.by else "unknown reviewer"
        reference = _inside(_person(name)) if decided.by else {"display": name}
        parts.append({"url": "author", "extension": [{"url": "practitioner", "valueReference": reference}]})
    return {"url": ORIGIN, "extension": parts}


def _provenance(screening: Json, response: str, created: str, names: Sequence[str]) -> dict[str, Any]:
    agents = [_agent("assembler", _uuid(screening, "device"))]
    agents += [_agent("verifier", _person(name)) for name in names]
    entities = [
        {"role": "source", "what": _inside(_uuid(screening, d["document_id"]))}
        for d in screening["documents"]
    ]
    return {
        "resourceType": "Provenance",
        "id": _uuid(screening, "provenance"),
        "target": [_inside(response)],
        "recorded": created,
        "agent": agents,
        "entity": entities,
    }


def _agent(role: str, who: str) -> dict[str, Any]:
    return {"type": {"coding": [{"system": PARTICIPANT, "code": role}]}, "who": _inside(who)}


def _device(screening: Json) -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "id": _uuid(screening, "device"),
        "deviceName": [{"name": "chartproof", "type": "model-name"}],
        "version": [{"value": screening["software"]}],
    }


def _document(screening: Json, document: Json, patient: str | None) -> dict[str, Any]:
    """The document by its content: FHIR's attachment.hash is SHA-1, so the SHA-256 is an identifier."""
    return {
        "resourceType": "DocumentReference",
        "id": _uuid(screening, document["document_id"]),
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:sha256:{document['sha256']}"}],
        "status": "current",
        "subject": _reference("Patient", screening, patient),
        "content": [{"attachment": {"title": document["file"]}}],
    }


def _coding(status: str) -> dict[str, str]:
    code, display = STATUS_CODES[status]
    return {"system": STATUS_SYSTEM, "code": code, "display": display}


def _reference(kind: str, screening: Json, given: str | None) -> dict[str, Any]:
    if given:
        return {"reference": given}
    return {"type": kind, "identifier": {"system": "urn:chartproof:packet", "value": screening["packet_id"]}}


def _canonical(policy: str) -> str:
    return f"urn:chartproof:policy:{policy}"


def _uuid(screening: Json, part: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"urn:chartproof:{screening['policy']}:{screening['packet_id']}:{part}"))


def _person(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"urn:chartproof:reviewer:{name}"))


def _urn(name: str) -> str:
    return f"urn:uuid:{name}"


def _inside(name: str) -> dict[str, Any]:
    """A reference within the bundle: where full URLs are URNs, only the whole URN is found again."""
    return {"reference": _urn(name)}
