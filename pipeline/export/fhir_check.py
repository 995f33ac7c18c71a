"""What generic FHIR validation leaves out and DTR asks: required extensions, origins, codes, link ids, references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]
DTR = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition"
ORIGIN = f"{DTR}/information-origin"
SOURCES = ("auto-client", "auto-server", "override", "manual")
STATUSES = ("in-progress", "completed", "amended", "entered-in-error", "stopped")
FORBIDDEN = ("ClaimResponse", "Claim", "CoverageEligibilityResponse")


def problems(bundle: Json) -> list[str]:
    """What is wrong with a bundle, a line each; no words of the record. Empty when all is well."""
    resources = [entry["resource"] for entry in bundle["entry"]]
    found = [f"{r['resourceType']}: never sent" for r in resources if r["resourceType"] in FORBIDDEN]
    known = {f"{r['resourceType']}/{r['id']}" for r in resources}
    questions = {q["url"]: q for q in resources if q["resourceType"] == "Questionnaire"}
    for resource in resources:
        if resource["resourceType"] == "QuestionnaireResponse":
            found += _of_response(resource, questions)
        if resource["resourceType"] == "Provenance":
            named = [t["reference"] for t in resource["target"]]
            named += [a["who"]["reference"] for a in resource["agent"]]
            named += [e["what"]["reference"] for e in resource.get("entity", ())]
            found += [f"Provenance: {name} is not in the bundle" for name in named if name not in known]
    return found


def _of_response(response: Json, questions: Mapping[str, Json]) -> Iterator[str]:
    urls = [e["url"] for e in response.get("extension", ())]
    if urls.count(f"{DTR}/qr-coverage") < 1:
        yield "QuestionnaireResponse: no qr-coverage"
    if urls.count(f"{DTR}/intendedUse") != 1:
        yield "QuestionnaireResponse: intendedUse must stand once"
    if response.get("status") not in STATUSES:
        yield "QuestionnaireResponse: unknown status"
    for name in ("questionnaire", "subject", "item"):
        if not response.get(name):
            yield f"QuestionnaireResponse: no {name}"
    asked = questions.get(response.get("questionnaire", "").split("|")[0])
    links = dict(_items(asked["item"])) if asked else {}
    seen: set[str] = set()
    for link, item in _items(response.get("item", ())):
        if link in seen:
            yield f"{link}: stands twice"
        seen.add(link)
        if asked and link not in links:
            yield f"{link}: not in the questionnaire"
        codes = {o["valueCoding"]["code"] for o in links.get(link, {}).get("answerOption", ())}
        for answer in item.get("answer", ()):
            yield from _of_answer(link, answer, codes)


def _items(items: Any) -> Iterator[tuple[str, Json]]:
    for item in items:
        yield item["linkId"], item
        yield from _items(item.get("item", ()))
        for answer in item.get("answer", ()):
            yield from _items(answer.get("item", ()))


def _of_answer(link: str, answer: Json, codes: set[str]) -> Iterator[str]:
    if codes and answer.get("valueCoding", {}).get("code") not in codes:
        yield f"{link}: the answer is none of the options"
    origins = [e for e in answer.get("extension", ()) if e["url"] == ORIGIN]
    if len(origins) != 1:
        yield f"{link}: information-origin must stand once"
        return
    parts = {e["url"]: e for e in origins[0]["extension"]}
    source = parts.get("source", {}).get("valueCode")
    if source not in SOURCES:
        yield f"{link}: unknown source of an answer"
    by_person = source in ("override", "manual")
    if by_person != ("author" in parts):
        yield f"{link}: {'a person' if by_person else 'software'} as source {'needs' if by_person else 'has no'} author (dtrx-1)"
