"""What generic FHIR validation leaves out and DTR asks: required extensions, origins, codes, link ids, references.

`fhir.resources` checks names and types. It takes a code outside a required binding, an answer to a question that was never
asked, a reference to nothing, an extension with a value and parts (ext-1), a time without a zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]
DTR = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition"
ORIGIN = f"{DTR}/information-origin"
SOURCES = ("auto-client", "auto-server", "override", "manual")
STATUSES = ("in-progress", "completed", "amended", "entered-in-error", "stopped")
FORBIDDEN = ("ClaimResponse", "Claim", "CoverageEligibilityResponse")
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
URN = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIMES = ("timestamp", "authored", "recorded")
ANSWERS = {"choice": "valueCoding", "text": "valueString"}
"""Types of questions that our questionnaires ask, and where each has its answer."""


def problems(bundle: Json) -> list[str]:
    """What is wrong with a bundle, a line each; no words of the record. Empty when all is well."""
    resources = [entry["resource"] for entry in bundle["entry"]]
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    questions = {f"{q['url']}|{q['version']}": q for q in resources if q["resourceType"] == "Questionnaire"}
    found = [f"{r['resourceType']}: never sent" for r in resources if r["resourceType"] in FORBIDDEN]
    found += [f"{r['resourceType']}: not a FHIR id" for r in resources if not ID.fullmatch(r.get("id", ""))]
    found += [f"entry {n}: fullUrl is no urn:uuid" for n, url in enumerate(urls) if not URN.fullmatch(url)]
    found += [f"entry {n}: fullUrl stands twice (bdl-7)" for n, url in enumerate(urls) if url in urls[:n]]
    for name, node in _nodes(bundle, "Bundle"):
        found += _of_node(name, node, urls)
    for resource in resources:
        if resource["resourceType"] == "QuestionnaireResponse":
            found += _of_response(resource, questions)
    return found


def _nodes(value: Any, name: str) -> Iterator[tuple[str, Json]]:
    """Every object, with the name of the resource that it stands in."""
    if isinstance(value, Mapping):
        name = value.get("resourceType", name)
        yield name, value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _nodes(part, name)


def _of_node(name: str, node: Json, urls: list[str]) -> Iterator[str]:
    reference = node.get("reference")
    if isinstance(reference, str) and reference.startswith("urn:") and reference not in urls:
        yield f"{name}: a reference to what is not in the bundle"
    for extension in node.get("extension", ()):
        if ("extension" in extension) == any(key.startswith("value") for key in extension):
            yield f"{name}: an extension has a value or parts, never both or neither (ext-1)"
    for key in TIMES:
        if key in node and not _zoned(node[key]):
            yield f"{name}.{key}: not a time with its zone"


def _zoned(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


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
    asked = questions.get(response.get("questionnaire", ""))
    if asked is None:
        yield "QuestionnaireResponse: its questionnaire, in this version, is not in the bundle"
        return
    links = dict(_items(asked["item"]))
    seen: set[str] = set()
    for link, (parent, item) in _items(response.get("item", ())):
        if link in seen:
            yield f"{link}: stands twice"
        seen.add(link)
        if link not in links:
            yield f"{link}: not in the questionnaire"
        elif links[link][0] != parent:
            yield f"{link}: not below {links[link][0] or 'the questionnaire'}"
        else:
            yield from _of_item(link, item, links[link][1])


def _items(items: Any, parent: str = "") -> Iterator[tuple[str, tuple[str, Json]]]:
    """Link id, and the link id above it with the item; items stand below items and below answers."""
    for item in items:
        link = item["linkId"]
        yield link, (parent, item)
        yield from _items(item.get("item", ()), link)
        for answer in item.get("answer", ()):
            yield from _items(answer.get("item", ()), link)


def _of_item(link: str, item: Json, question: Json) -> Iterator[str]:
    answers = item.get("answer", ())
    if len(answers) > 1 and not question.get("repeats"):
        yield f"{link}: one answer only"
    if item.get("item") and answers:
        yield f"{link}: items below the item and below its answer (qrs-1)"
    options = [o["valueCoding"] for o in question.get("answerOption", ())]
    for answer in answers:
        if ANSWERS.get(question["type"]) not in answer:
            yield f"{link}: not an answer of type {question['type']}"
        elif options and answer["valueCoding"] not in options:
            yield f"{link}: the answer is none of the options"
        yield from _of_origin(link, answer)


def _of_origin(link: str, answer: Json) -> Iterator[str]:
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
