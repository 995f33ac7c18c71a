"""Excerpts as W3C Web Annotations (https://www.w3.org/TR/annotation-model/), and found again on a page.

Offsets are Unicode code points of the page text that `chartproof text` prints; its sha256 is named beside them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Json = Mapping[str, Any]
CONTEXT = ["http://www.w3.org/ns/anno.jsonld", {"cp": "urn:chartproof:"}]
AROUND = 32
"""Characters of context kept before and after a quote."""
SHORTEST = 12
"""A shorter quote is found by its exact words and context only."""


def web_annotations(screening: Json, texts: Mapping[tuple[str, int], str], created: str) -> Iterator[dict[str, Any]]:
    """An annotation per excerpt and criterion. `texts` gives page texts by (document_id, page), where they are known."""
    sources = {d["document_id"]: f"urn:sha256:{d['sha256']}" for d in screening["documents"]}
    for result in screening["criteria"]:
        for item in result["evidence"]:
            place = (item["document_id"], item["page"])
            key = f"{screening['packet_id']}|{screening['policy']}|{result['id']}|{place}|{item['start']}|{item['end']}|{item['finding']}"
            yield {
                "@context": CONTEXT,
                "id": f"urn:uuid:{uuid5(NAMESPACE_URL, f'urn:chartproof:{key}')}",
                "type": "Annotation",
                "motivation": "classifying",
                "creator": {"type": "Software", "name": f"chartproof/{screening['software']}"},
                "created": created,
                "body": {
                    "type": "SpecificResource",
                    "purpose": "classifying",
                    "source": f"urn:chartproof:policy:{screening['policy']}#{result['id']}",
                    "cp:stance": item["stance"],
                    "cp:finding": item["finding"],
                },
                "target": _target(item, sources[item["document_id"]], texts.get(place)),
            }


def _target(item: Json, source: str, text: str | None) -> dict[str, Any]:
    boxes = item["boxes"]
    fragment = f"page={item['page']}"
    if boxes:
        left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
        right, bottom = max(b[2] for b in boxes), max(b[3] for b in boxes)
        fragment += f"&viewrect={left:g},{top:g},{round(right - left, 2):g},{round(bottom - top, 2):g}"
    quote = {"type": "TextQuoteSelector", "exact": item["quote"]}
    if text is not None:
        quote["prefix"] = text[max(0, item["start"] - AROUND) : item["start"]]
        quote["suffix"] = text[item["end"] : item["end"] + AROUND]
    position = {"type": "TextPositionSelector", "start": item["start"], "end": item["end"]}
    selector = {
        "type": "FragmentSelector",
        "conformsTo": "http://tools.ietf.org/rfc/rfc8118",
        "value": fragment,
        "refinedBy": position,
    }
    target: dict[str, Any] = {"source": source, "selector": [selector, quote], "cp:box": [",".join(f"{v:g}" for v in box) for box in boxes]}
    if text is not None:
        target["cp:textSha256"] = hashlib.sha256(text.encode()).hexdigest()
    return target


def place_of(annotation: Json, text: str) -> tuple[int, int] | None:
    """Where an annotation's words stand on a page as it is now, or None when they are not there (an orphan).

    By position where the words still stand there; else the same words nearest to the old place, or, for fewer than
    12 characters, those with the same context.
    """
    fragment, quote = annotation["target"]["selector"]
    start, exact = fragment["refinedBy"]["start"], quote["exact"]
    if text[start : start + len(exact)] == exact:
        return start, start + len(exact)
    places: list[int] = []
    at = text.find(exact)
    while at >= 0:
        places.append(at)
        at = text.find(exact, at + 1)
    if len(exact) < SHORTEST:
        before, after = quote.get("prefix", ""), quote.get("suffix", "")
        places = [p for p in places if text[:p].endswith(before) and text[p + len(exact) :].startswith(after)]
    if not places:
        return None
    nearest = min(places, key=lambda p: abs(p - start))
    return nearest, nearest + len(exact)
