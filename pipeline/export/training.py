"""Labelled text for annotation tools and spaCy, both ways, offsets intact: Prodigy, Label Studio, DocBin.

Offsets are Unicode code points everywhere. Label Studio counts so since 1.5 (HumanSignal/label-studio#1559); on the
way in, a region whose words are not those at its offsets is refused, never moved.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from extractors.errors import UserError
from pipeline.labels import Labelled, Span

Json = Mapping[str, Any]
GROUP = "facts"
"""The span group of a spaCy Doc, and the name of Label Studio's control tag."""


def to_prodigy(labelled: Iterable[Labelled]) -> Iterator[dict[str, Any]]:
    """Tasks for `spans.manual`, with their tokens: Prodigy refuses a span that its own would cut."""
    import spacy

    nlp = spacy.blank("en")
    for one in labelled:
        doc = _doc(nlp, one)
        tokens = [
            {"text": t.text, "start": t.idx, "end": t.idx + len(t), "id": t.i, "ws": bool(t.whitespace_)} for t in doc
        ]
        spans = [
            {"start": s.start_char, "end": s.end_char, "token_start": s.start, "token_end": s.end - 1, "label": s.label_}
            for s in doc.spans[GROUP]
        ]
        yield {"text": one.text, "tokens": tokens, "spans": spans, "meta": {"id": one.id, **one.meta}}


def from_prodigy(tasks: Iterable[Json]) -> Iterator[Labelled]:
    """Annotated tasks; those rejected or ignored are left out."""
    for task in tasks:
        if task.get("answer", "accept") != "accept":
            continue
        meta = dict(task.get("meta") or {})
        spans = tuple(Span(s["start"], s["end"], s["label"]) for s in task.get("spans") or ())
        yield _checked(Labelled(str(meta.pop("id", "")), task["text"], spans, meta))


def label_config(labels: Iterable[str]) -> str:
    """The labelling interface of a Label Studio project for these labels."""
    from xml.sax.saxutils import quoteattr

    tags = "".join(f"<Label value={quoteattr(label)}/>" for label in sorted(set(labels)))
    return f'<View><Labels name="{GROUP}" toName="text">{tags}</Labels><Text name="text" value="$text"/></View>'


def to_label_studio(labelled: Iterable[Labelled]) -> Iterator[dict[str, Any]]:
    """Tasks with the spans as predictions: what a person accepts becomes an annotation there."""
    for one in labelled:
        result = [
            {
                "id": f"r{n}",
                "from_name": GROUP,
                "to_name": "text",
                "type": "labels",
                "value": {"start": s.start, "end": s.end, "text": one.text[s.start : s.end], "labels": [s.label]},
            }
            for n, s in enumerate(one.spans)
        ]
        prediction = {"model_version": "chartproof", "result": result}
        yield {"data": {"text": one.text, "id": one.id, "meta": dict(one.meta)}, "predictions": [prediction]}


def from_label_studio(tasks: Iterable[Json]) -> Iterator[Labelled]:
    """Annotated tasks: the last annotation that was not cancelled; tasks with none are left out."""
    for task in tasks:
        done = [a for a in task.get("annotations") or () if not a.get("was_cancelled")]
        if not done:
            continue
        text = task["data"]["text"]
        spans: list[Span] = []
        for region in done[-1]["result"]:
            if region.get("type") != "labels":
                continue
            value = region["value"]
            if value.get("text") not in (None, text[value["start"] : value["end"]]):
                raise UserError(f"task {task['data'].get('id')}: a region's words are not at its offsets; export it again")
            spans += [Span(value["start"], value["end"], label) for label in value["labels"]]
        yield _checked(Labelled(str(task["data"].get("id", "")), text, tuple(spans), task["data"].get("meta") or {}))


def _checked(one: Labelled) -> Labelled:
    for span in one.spans:
        if not 0 <= span.start < span.end <= len(one.text):
            raise UserError(f"{one.id}: a span from {span.start} to {span.end} is not in its text")
    return one


def write_docbin(labelled: Iterable[Labelled], path: Path) -> None:
    """A spaCy DocBin; the spans stand in `doc.spans["facts"]`, tokens cut where a span begins or ends."""
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.blank("en")
    binned = DocBin(store_user_data=True)
    for one in labelled:
        doc = _doc(nlp, one)
        doc.user_data["id"], doc.user_data["meta"] = one.id, json.dumps(dict(one.meta))
        binned.add(doc)
    binned.to_disk(path)


def _doc(nlp: Any, one: Labelled) -> Any:
    """The Doc of a text, whose tokens never straddle the edge of a span."""
    from spacy.tokens import Doc

    cuts = {0, len(one.text)}
    for token in nlp.make_doc(one.text):
        cuts |= {token.idx, token.idx + len(token)}
    starts, ends = {s.start for s in one.spans}, {s.end for s in one.spans}
    ordered = sorted(cuts | starts | ends)
    words: list[str] = []
    spaces: list[bool] = []
    for start, end in zip(ordered, ordered[1:], strict=False):
        piece = one.text[start:end]
        if piece == " " and words and not spaces[-1] and start not in starts and end not in ends:
            spaces[-1] = True
        else:
            words.append(piece)
            spaces.append(False)
    doc = Doc(nlp.vocab, words, spaces)
    doc.spans[GROUP] = [found for s in one.spans if (found := doc.char_span(s.start, s.end, label=s.label)) is not None]
    return doc


def read_docbin(path: Path) -> Iterator[Labelled]:
    """The labelled texts of a DocBin written here or trained on elsewhere."""
    import spacy
    from spacy.tokens import DocBin

    for doc in DocBin(store_user_data=True).from_disk(path).get_docs(spacy.blank("en").vocab):
        spans = tuple(Span(s.start_char, s.end_char, s.label_) for s in doc.spans.get(GROUP, ()))
        yield Labelled(doc.user_data.get("id", ""), doc.text, spans, json.loads(doc.user_data.get("meta", "{}")))


def write_jsonl(records: Iterable[Json], path: Path) -> None:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The records of JSON lines, or of one JSON list (as Label Studio exports)."""
    text = path.read_text(encoding="utf-8")
    try:
        if text.lstrip().startswith("["):
            found: list[dict[str, Any]] = json.loads(text)
            return found
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        raise UserError(f"{path}: not JSON; give JSON lines or a JSON list") from None
