"""Exports of one screened packet, each read back by the library that others would use."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import spacy
from fhir.resources.R4B import get_fhir_model_class
from spacy.tokens import Doc
from spacy.training import Corpus
from spacy.vocab import Vocab
from text_packet import text_packet

from criteria.diff import changes, effects
from criteria.facts import facts
from criteria.policy import load_policy
from extractors.errors import UserError
from pipeline.cli import main
from pipeline.evaluate import evaluate
from pipeline.export import tables, training
from pipeline.export.annotations import place_of, web_annotations
from pipeline.export.fhir import bundle
from pipeline.export.fhir_check import problems
from pipeline.export.workspace import load_screenings, page_texts
from pipeline.labels import (
    Decided,
    Labelled,
    Span,
    gold_case,
    read_decisions,
    training_rows,
    write_gold,
)

AT = "2026-03-31T10:00:00+00:00"
POLICY = load_policy()
OA, DCT, RDF = "http://www.w3.org/ns/oa#", "http://purl.org/dc/terms/", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
LINKS = {
    "body": "hasBody", "target": "hasTarget", "source": "hasSource", "selector": "hasSelector", "refinedBy": "refinedBy",
}  # fmt: skip
TERMS = {
    "id": "@id",
    "type": "@type",
    **{name: OA + name for name in ("Annotation", "SpecificResource", "exact", "prefix", "suffix", "start", "end")},
    **{name: OA + name for name in ("FragmentSelector", "TextQuoteSelector", "TextPositionSelector", "classifying")},
    **{name: {"@type": "@id", "@id": OA + link} for name, link in LINKS.items()},
    "motivation": {"@type": "@vocab", "@id": OA + "motivatedBy"},
    "purpose": {"@type": "@vocab", "@id": OA + "hasPurpose"},
    "creator": {"@type": "@id", "@id": DCT + "creator"},
    "conformsTo": {"@type": "@id", "@id": DCT + "conformsTo"},
    "created": DCT + "created",
    "value": RDF + "value",
    "name": "http://xmlns.com/foaf/0.1/name",
    "Software": "https://www.w3.org/ns/activitystreams#Application",
}
"""What the published context says of the terms that are used; it is not fetched here. A term missing here is dropped."""
POSITION = {
    "type": "object",
    "properties": {"type": {"const": "TextPositionSelector"}, "start": {"type": "integer"}, "end": {"type": "integer"}},
    "required": ["type", "start", "end"],
}
FRAGMENT = {
    "type": "object",
    "properties": {
        "type": {"const": "FragmentSelector"},
        "conformsTo": {"type": "string", "format": "uri"},
        "value": {"type": "string", "pattern": r"^page=\d+(&viewrect=[\d.]+(,[\d.]+){3})?$"},
        "refinedBy": POSITION,
    },
    "required": ["type", "conformsTo", "value", "refinedBy"],
}
QUOTE = {
    "type": "object",
    "properties": {"type": {"const": "TextQuoteSelector"}, "exact": {"type": "string", "minLength": 1}},
    "required": ["type", "exact", "prefix", "suffix"],
}
MODEL = {
    "type": "object",
    "properties": {
        "@context": {"type": "array", "prefixItems": [{"const": "http://www.w3.org/ns/anno.jsonld"}]},
        "id": {"type": "string", "format": "uri"},
        "type": {"const": "Annotation"},
        "motivation": {"const": "classifying"},
        "created": {"type": "string", "pattern": r"T.*(Z|[+-]\d\d:\d\d)$"},
        "body": {"type": "object", "required": ["type", "source"]},
        "target": {
            "type": "object",
            "properties": {
                "source": {"type": "string", "format": "uri"},
                "selector": {"type": "array", "prefixItems": [FRAGMENT, QUOTE], "minItems": 2, "maxItems": 2},
            },
            "required": ["source", "selector"],
        },
    },
    "required": ["@context", "id", "type", "target", "body"],
}
"""The musts of the Web Annotation Data Model, for the selectors that are used."""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return text_packet(tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="module")
def workspace(records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported")
    assert main(["screen", str(records), "--out", str(out), "--quiet"]) == 0
    return out


@pytest.fixture(scope="module")
def screening(workspace: Path) -> dict[str, Any]:
    (one,) = load_screenings(workspace)
    return one


@pytest.fixture(scope="module")
def texts(screening: dict[str, Any], records: Path) -> dict[tuple[str, str, int], str]:
    return page_texts(records, [screening])


@pytest.fixture(scope="module")
def decided(screening: dict[str, Any]) -> tuple[Decided, ...]:
    """Every criterion confirmed, but the first, which is corrected."""
    found = []
    for n, c in enumerate(screening["criteria"]):
        other = "insufficient" if c["status"] != "insufficient" else "met"
        excerpts = tuple({**e, "origin": "suggested", "dropped": False} for e in c["evidence"])
        action, status, why = ("correct", other, "Too weak.") if n == 0 else ("confirm", c["status"], "")
        found.append(Decided("f-01", c["id"], c["status"], status, action, why, "", AT, ("R. Ames",), excerpts))
    return tuple(found)


def test_a_packet_has_what_the_exports_need(screening: dict[str, Any]) -> None:
    assert sum(len(c["evidence"]) for c in screening["criteria"]) > 5


def test_every_annotation_holds_the_model_and_keeps_all_it_says_as_linked_data(screening: dict[str, Any], texts: dict[Any, str]) -> None:
    import jsonschema
    import rdflib

    oa = rdflib.Namespace(OA)
    pages = {(doc, page): text for (_, doc, page), text in texts.items()}
    found = list(web_annotations(screening, pages, AT))
    assert len({a["id"] for a in found}) == len(found) == sum(len(c["evidence"]) for c in screening["criteria"])
    for one in found:
        jsonschema.Draft202012Validator(MODEL).validate(one)
        local = {**one, "@context": [TERMS, one["@context"][1]]}
        graph = rdflib.Graph().parse(data=json.dumps(local), format="json-ld")
        node = rdflib.URIRef(one["id"])
        assert (node, rdflib.RDF.type, oa.Annotation) in graph
        said = {str(value) for value in graph.objects() if isinstance(value, rdflib.Literal)}
        assert {str(value) for value in _values(one, "@context", "id", "type", "source", "motivation", "purpose", "conformsTo")} == said
        assert len(set(graph.objects(None, oa.hasSelector))) == 2 and len(set(graph.objects(None, oa.refinedBy))) == 1


def _values(node: Any, *left_out: str) -> Iterator[Any]:
    """The plain values of a JSON object, those of some keys left out."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from () if key in left_out else _values(value, *left_out)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, *left_out)
    else:
        yield node


def test_an_annotation_without_its_offsets_is_refused(screening: dict[str, Any]) -> None:
    import jsonschema

    one = next(web_annotations(screening, {}, AT))  # no page texts: no words before and after
    with pytest.raises(jsonschema.ValidationError, match="prefix"):
        jsonschema.Draft202012Validator(MODEL).validate(one)


def test_an_annotation_is_found_again_on_its_page_and_on_a_shifted_one(screening: dict[str, Any], texts: dict[Any, str]) -> None:
    pages = {(doc, page): text for (_, doc, page), text in texts.items()}
    items = [e for c in screening["criteria"] for e in c["evidence"]]
    for one, item in zip(web_annotations(screening, pages, AT), items, strict=True):
        text = pages[item["document_id"], item["page"]]
        assert place_of(one, text) == (item["start"], item["end"])
        assert place_of(one, "FAXED  " + text) == (item["start"] + 7, item["end"] + 7)
        assert place_of(one, "other words") is None


def test_fhir_resources_hold_for_the_library_and_for_the_own_check(screening: dict[str, Any], decided: tuple[Decided, ...]) -> None:
    for given, status in (((), "in-progress"), (decided, "completed")):
        made = bundle(screening, POLICY, AT, given)
        get_fhir_model_class("Bundle").model_validate(made)
        for entry in made["entry"]:
            get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])
        assert problems(made) == []
        response = made["entry"][1]["resource"]
        assert response["status"] == status
        assert [i["linkId"] for i in response["item"]] == [c["id"] for c in screening["criteria"]]
        urls = {entry["fullUrl"] for entry in made["entry"]}
        inside = [r for r in _values(made["entry"]) if isinstance(r, str) and r.startswith("urn:uuid:")]
        assert len(inside) > len(urls) and set(inside) == urls
        assert not {"ClaimResponse", "Claim"} & {e["resource"]["resourceType"] for e in made["entry"]}


def test_a_corrected_answer_names_its_author_and_a_confirmed_one_does_not(screening: dict[str, Any], decided: tuple[Decided, ...]) -> None:
    made = bundle(screening, POLICY, AT, decided)
    first, second = (made["entry"][1]["resource"]["item"][n]["answer"][0]["extension"][0] for n in (0, 1))
    assert [e["url"] for e in first["extension"]] == ["source", "author"]
    assert second["extension"] == [{"url": "source", "valueCode": "auto-server"}]
    agents = made["entry"][2]["resource"]["agent"]
    assert [a["type"]["coding"][0]["code"] for a in agents] == ["assembler", "verifier"]


def _response(made: dict[str, Any]) -> dict[str, Any]:
    return made["entry"][1]["resource"]


def _break_coverage(made: dict[str, Any]) -> None:
    _response(made)["extension"].pop(0)


def _break_origin(made: dict[str, Any]) -> None:
    _response(made)["item"][0]["answer"][0].pop("extension")


def _break_author(made: dict[str, Any]) -> None:
    _response(made)["item"][0]["answer"][0]["extension"][0]["extension"][0]["valueCode"] = "manual"


def _break_source(made: dict[str, Any]) -> None:
    _response(made)["item"][0]["answer"][0]["extension"][0]["extension"][0]["valueCode"] = "auto"


def _break_links(made: dict[str, Any]) -> None:
    _response(made)["item"][1]["linkId"] = _response(made)["item"][0]["linkId"]


def _break_status(made: dict[str, Any]) -> None:
    _response(made)["status"] = "approved"


def _break_option(made: dict[str, Any]) -> None:
    _response(made)["item"][0]["answer"][0]["valueCoding"]["code"] = "approved"


def _break_version(made: dict[str, Any]) -> None:
    _response(made)["questionnaire"] += "-draft"


def _break_level(made: dict[str, Any]) -> None:
    items = _response(made)["item"]
    items.append(items[0]["answer"][0]["item"].pop(0))


def _break_kind(made: dict[str, Any]) -> None:
    answer = _response(made)["item"][0]["answer"][0]
    del answer["valueCoding"]
    answer["valueString"] = "yes"


def _break_extension(made: dict[str, Any]) -> None:
    _response(made)["extension"][0]["extension"] = [{"url": "a", "valueCode": "b"}]


def _break_zone(made: dict[str, Any]) -> None:
    _response(made)["authored"] = "2026-03-31"


def _break_reference(made: dict[str, Any]) -> None:
    _response(made)["subject"] = {"reference": "urn:uuid:" + "0" * 8 + "-0000" * 3 + "-" + "0" * 12}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_break_coverage, "no qr-coverage"),
        (_break_origin, "information-origin must stand once"),
        (_break_author, "dtrx-1"),
        (_break_source, "unknown source"),
        (_break_links, "stands twice"),
        (_break_status, "unknown status"),
        (_break_option, "none of the options"),
        (_break_version, "in this version"),
        (_break_level, "not below"),
        (_break_kind, "not an answer of type choice"),
        (_break_extension, "ext-1"),
        (_break_zone, "not a time with its zone"),
        (_break_reference, "not in the bundle"),
    ],
)
def test_the_own_check_sees_what_the_library_lets_pass(screening: dict[str, Any], broken: Any, said: str) -> None:
    made = copy.deepcopy(bundle(screening, POLICY, AT))
    broken(made)
    assert any(said in problem for problem in problems(made))
    get_fhir_model_class("QuestionnaireResponse").model_validate(_response(made))


def test_tables_come_back_from_pandas_parquet_and_openpyxl(screening: dict[str, Any], tmp_path: Path) -> None:
    import openpyxl
    import pandas

    rows = list(tables.rows([screening]))
    tables.write_parquet(rows, tmp_path / "t.parquet")
    back = pandas.read_parquet(tmp_path / "t.parquet")
    assert list(back.columns) == list(tables.COLUMNS)
    assert back["quote"].dropna().tolist() == [r["quote"] for r in rows if r["quote"] is not None]
    tables.write_xlsx(rows, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert (sheet.max_row, sheet.max_column) == (len(rows) + 1, len(tables.COLUMNS))
    tables.write_csv(rows, tmp_path / "t.csv")
    assert len(pandas.read_csv(tmp_path / "t.csv")) == len(rows)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_cell_runs_as_a_formula(screening: dict[str, Any], cell: str, tmp_path: Path) -> None:
    import openpyxl

    row = next(tables.rows([screening])) | {"quote": cell}
    tables.write_xlsx([row], tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    column = list(tables.COLUMNS).index("quote") + 1
    assert sheet.cell(2, column).data_type == "s" and str(sheet.cell(2, column).value).startswith("'")
    tables.write_csv([row], tmp_path / "t.csv")
    assert f"'{cell}" in (tmp_path / "t.csv").read_text()


def test_a_table_filled_in_gives_decisions(screening: dict[str, Any], tmp_path: Path) -> None:
    import pandas

    table = tables.frame(tables.rows([screening]))
    table.loc[table["criterion"] == "I.B.1", ["status", "reviewer", "reason"]] = ["insufficient", "R. Ames", "Too old."]
    for kind, read in (("parquet", pandas.read_parquet), ("csv", pandas.read_csv), ("xlsx", pandas.read_excel)):
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        {"parquet": tables.write_parquet, "csv": tables.write_csv, "xlsx": tables.write_xlsx}[kind](rows, tmp_path / kind)
        (one,) = tables.decisions_of(read(tmp_path / kind))
        assert (one.criterion, one.status, one.action) == ("I.B.1", "insufficient", "correct"), kind
        assert (one.by, one.reason, one.at) == (("R. Ames",), "Too old.", None)
    table.loc[table["criterion"] == "I.B.1", "status"] = "approved"
    with pytest.raises(UserError, match=r"I\.B\.1: unknown status"):
        tables.decisions_of(table)


def test_decisions_come_back_from_a_table_as_they_were(screening: dict[str, Any], decided: tuple[Decided, ...]) -> None:
    back = tables.decisions_of(tables.frame(tables.rows([screening], decided)))
    named = ("packet_id", "criterion", "suggested", "status", "action", "reason", "at", "by")
    assert [[getattr(d, n) for n in named] for d in back] == [[getattr(d, n) for n in named] for d in decided]


ASTRAL = Labelled(
    "p/d/1",
    "\U0001d49c  tab\tno infection.\n ☒ yes",
    (Span(7, 20, "infection=absent"), Span(7, 10, "x=y"), Span(21, 25, "x=z"), Span(11, 14, "x=w")),
    {"page": 1},
)
"""A character outside the BMP, a double space, a tab, spans that overlap, begin or end with a space, or cut a word."""


@pytest.fixture(scope="module")
def labelled(screening: dict[str, Any], texts: dict[Any, str]) -> list[Labelled]:
    from pipeline.labels import labelled_pages

    return [*labelled_pages([screening], texts), ASTRAL]


def test_prodigy_both_ways(labelled: list[Labelled], tmp_path: Path) -> None:
    training.write_jsonl(training.to_prodigy(labelled), tmp_path / "p.jsonl")
    tasks = training.read_jsonl(tmp_path / "p.jsonl")
    assert list(training.from_prodigy(tasks)) == labelled
    assert list(training.from_prodigy([{**tasks[0], "answer": "reject"}])) == []
    for task in tasks:  # as Prodigy builds its Doc: from the task's tokens, which must give the text and hold the spans
        doc = Doc(Vocab(), [t["text"] for t in task["tokens"]], [t["ws"] for t in task["tokens"]])
        assert doc.text == task["text"]
        for span in task["spans"]:
            found = doc[span["token_start"] : span["token_end"] + 1]
            assert (found.start_char, found.end_char) == (span["start"], span["end"])


def test_label_studio_both_ways(labelled: list[Labelled], tmp_path: Path) -> None:
    tasks = list(training.to_label_studio(labelled))
    done = [{"data": t["data"], "annotations": [{"result": t["predictions"][0]["result"]}]} for t in tasks]
    (tmp_path / "ls.json").write_text(json.dumps(done))
    back = list(training.from_label_studio(training.read_jsonl(tmp_path / "ls.json")))
    assert back == labelled
    done[0]["annotations"][0]["result"][0]["value"]["start"] += 1
    with pytest.raises(UserError, match="not at its offsets"):
        list(training.from_label_studio(done))


def test_label_studio_itself_accepts_the_tasks_and_what_comes_back(labelled: list[Labelled]) -> None:
    from label_studio_sdk.label_interface import LabelInterface

    view = LabelInterface(training.label_config(span.label for one in labelled for span in one.spans))
    done = []
    for task in training.to_label_studio(labelled):
        (prediction,) = task["predictions"]
        annotation = {"result": prediction["result"]}
        assert view.validate_task({"data": task["data"]})
        assert view.validate_prediction(prediction) and view.validate_annotation(annotation)
        done.append({"data": task["data"], "annotations": [annotation]})
    assert list(training.from_label_studio(done)) == labelled
    prediction["result"][0]["value"]["labels"] = ["not in the project"]
    assert not view.validate_prediction(prediction)


def test_docbin_both_ways_through_spacy(labelled: list[Labelled], tmp_path: Path) -> None:
    training.write_docbin(labelled, tmp_path / "l.spacy")
    assert list(training.read_docbin(tmp_path / "l.spacy")) == labelled


def test_spacy_trains_on_the_docbin(labelled: list[Labelled], tmp_path: Path) -> None:
    training.write_docbin(labelled, tmp_path / "l.spacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("spancat", config={"spans_key": training.GROUP, "suggester": {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2, 3]}})
    examples = list(Corpus(tmp_path / "l.spacy")(nlp))
    assert {s.label_ for e in examples for s in e.reference.spans[training.GROUP]} == {s.label for one in labelled for s in one.spans}
    nlp.initialize(lambda: examples)
    assert nlp.update(examples)["spancat"] > 0


def test_decisions_give_training_rows_and_gold_cases(screening: dict[str, Any], texts: dict[Any, str], decided: tuple[Decided, ...], workspace: Path, tmp_path: Path) -> None:
    from pipeline.labels import labelled_pages

    (tmp_path / "d.jsonl").write_text("".join(json.dumps(asdict(one)) + "\n" for one in decided))
    back = read_decisions(tmp_path / "d.jsonl")
    assert [(d.criterion, d.status, d.by) for d in back] == [(d.criterion, d.status, d.by) for d in decided]
    rows = list(training_rows(labelled_pages([screening], texts, back)))
    assert rows and all(quote in row["text"] for row in rows for _, _, quote in row["facts"])
    assert all(value in facts()[kind].values for row in rows for kind, value, _ in row["facts"])  # what `train` takes
    write_gold(gold_case(screening, back), tmp_path / "gold")
    figures = evaluate(workspace, tmp_path / "gold")
    assert figures["labels"] == len(decided)
    assert figures["accuracy"] == pytest.approx(1 - 1 / len(decided), abs=1e-4)


def test_an_excerpt_that_the_reviewer_dropped_does_not_teach(screening: dict[str, Any], texts: dict[Any, str], decided: tuple[Decided, ...]) -> None:
    from pipeline.labels import labelled_pages

    one = next(d for d in decided if not d.changed and d.status == "met" and d.excerpts)
    dropped = replace(one, excerpts=tuple({**e, "dropped": True} for e in one.excerpts))
    assert list(labelled_pages([screening], texts, [one])) and not list(labelled_pages([screening], texts, [dropped]))


def test_a_finished_worksheet_of_the_page_is_read_as_decisions(tmp_path: Path) -> None:
    entry = {"criterion": "I.B.1", "suggested": "met", "status": "met", "action": "confirm", "reason": "", "note": "", "at": AT, "by": ["R. Ames"], "excerpts": []}
    (tmp_path / "w.jsonl").write_text(json.dumps({"packet_id": "f-01", "version": 1, "criteria": [entry]}) + "\n")
    (one,) = read_decisions(tmp_path / "w.jsonl")
    assert (one.packet_id, one.status, one.by) == ("f-01", "met", ("R. Ames",))


@pytest.mark.parametrize("name", ["csv", "xlsx", "parquet", "annotations", "fhir", "questionnaire", "prodigy", "labelstudio", "docbin", "rows"])
def test_the_command_writes_the_same_bytes_twice(workspace: Path, records: Path, name: str, tmp_path: Path) -> None:
    made = []
    for n in (1, 2):
        out = tmp_path / f"{n}"
        assert main(["export", str(workspace), name, "--out", str(out), "--records", str(records), "--at", AT]) == 0
        files = sorted(p for p in out.rglob("*") if p.is_file()) if out.is_dir() else [out]
        made.append([f.read_bytes() for f in files])
    assert made[0] and all(made[0])
    if name != "xlsx":  # a zip file holds the time of writing
        assert made[0] == made[1]


def test_a_wrong_record_or_a_missing_one_is_told(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(workspace), "docbin", "--out", str(tmp_path / "x")]) == 2
    assert main(["export", str(tmp_path), "csv", "--out", str(tmp_path / "x")]) == 2
    assert "--records" in capsys.readouterr().err


def test_excerpts_are_those_of_the_pages(screening: dict[str, Any], texts: dict[Any, str]) -> None:
    for c in screening["criteria"]:
        for e in c["evidence"]:
            assert texts["f-01", e["document_id"], e["page"]][e["start"] : e["end"]] == e["quote"]


def test_a_revision_shows_its_changes_and_what_they_do(screening: dict[str, Any], tmp_path: Path) -> None:
    text = Path("criteria/policies/LA.CP.MP.173/policy.yaml").read_text()
    (tmp_path / "policy.yaml").write_text(text.replace("at_least: 50", "at_least: 70"))
    newer = load_policy(str(tmp_path))
    assert {c.criterion for c in changes(POLICY, newer)} == {"I.B.10", "II.A.1", "II.B.1"}
    assert changes(POLICY, POLICY) == ()
    wean = next(c for c in screening["criteria"] if c["id"] == "I.B.10")
    assert wean["status"] == "met" and "66.7" in wean["derivation"]
    found = [(e.criterion, e.before, e.after) for e in effects([screening], POLICY, newer)]
    assert found == [("I.B.10", "met", "not_met"), ("II.B.1", "met", "not_met")]
    assert not list(effects([screening], POLICY, POLICY))


def test_a_fact_that_was_never_kept_asks_for_a_new_screening(screening: dict[str, Any], tmp_path: Path) -> None:
    text = Path("criteria/policies/LA.CP.MP.173/policy.yaml").read_text()
    (tmp_path / "policy.yaml").write_text(text.replace("fact: hyperalgesia\n      met: [excluded]\n      not_met: [suspected]", "fact: inr\n      at_most: 2"))
    (one,) = effects([screening], POLICY, load_policy(str(tmp_path)))
    assert (one.criterion, one.after) == ("I.B.11", None)



def test_what_was_finished_on_the_reviewers_page_is_exported(workspace: Path, records: Path, tmp_path: Path) -> None:
    from sqlalchemy import insert

    from pipeline.export.workspace import STORE, finished_decisions
    from pipeline.store import open_store, reviews, worksheets
    from pipeline.store import schema as t
    from pipeline.store.access import Viewer
    from pipeline.store.database import now
    from pipeline.store.decisions import Sent
    from pipeline.store.ingest import ingest

    assert finished_decisions(workspace) == ()
    store = open_store(workspace / STORE)
    ingest(store, workspace, records)
    with store.write("set-up") as tx:
        account = {"name": "R. Ames", "role": "reviewer", "disabled": False, "created_at": now()}
        who = tx.conn.execute(insert(t.accounts).values(**account).returning(t.accounts.c.id)).scalar_one()
        tx.conn.execute(insert(t.memberships).values(account=who, team="default"))
    viewer = Viewer(who, "R. Ames", "reviewer")
    with store.write("R. Ames") as tx:
        key = reviews.packets_of(tx.conn, viewer)[0].key

        def packet() -> reviews.Packet:
            return reviews.packets_of(tx.conn, viewer, key)[0]

        reviews.claim(tx, packet(), viewer)
        held = reviews.own_review(packet(), viewer)
        assert held is not None
        states = reviews.states(tx.conn, packet(), held)
        for n, state in enumerate(states.values()):
            other = "met" if state.suggested != "met" else "insufficient"
            how = {"action": "correct", "status": other} if n == 0 else {"action": "confirm"}
            sent = Sent(state.criterion, state.number, reason="Seen.", seen=state.deciding(), **how)
            reviews.decide(tx, packet(), viewer, sent)
        worksheets.finish(tx, packet(), viewer)
    store.close()
    found = finished_decisions(workspace)
    assert [d.criterion for d in found] == list(states) and found[0].changed and not found[1].changed
    assert {d.by for d in found} == {("R. Ames",)}
    assert main(["export", str(workspace), "fhir", "--out", str(tmp_path / "f"), "--at", AT]) == 0
    made = json.loads((tmp_path / "f" / "f-01.json").read_text())
    assert made["entry"][1]["resource"]["status"] == "completed"
    assert main(["export", str(workspace), "gold", "--out", str(tmp_path / "gold")]) == 0
    assert (tmp_path / "gold" / "f-01" / "case.yaml").is_file()
