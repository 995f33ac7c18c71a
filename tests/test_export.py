"""Exports of one screened packet, each read back by the library that others would use."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from text_packet import text_packet

from criteria.diff import changes, effects
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
    write_decision,
    write_gold,
)

AT = "2026-03-31T10:00:00+00:00"
POLICY = load_policy()
TERMS = {
    "oa": "http://www.w3.org/ns/oa#",
    "id": "@id",
    "type": "@type",
    "Annotation": "oa:Annotation",
    "target": {"@type": "@id", "@id": "oa:hasTarget"},
    "selector": {"@type": "@id", "@id": "oa:hasSelector"},
    "refinedBy": {"@type": "@id", "@id": "oa:refinedBy"},
    "exact": "oa:exact",
    "start": "oa:start",
}
"""Terms of http://www.w3.org/ns/anno.jsonld, which is not fetched here."""


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


def test_every_annotation_is_an_oa_annotation_for_rdflib(screening: dict[str, Any], texts: dict[Any, str]) -> None:
    rdflib = pytest.importorskip("rdflib")
    oa = rdflib.Namespace("http://www.w3.org/ns/oa#")
    pages = {(doc, page): text for (_, doc, page), text in texts.items()}
    found = list(web_annotations(screening, pages, AT))
    assert len({a["id"] for a in found}) == len(found) == sum(len(c["evidence"]) for c in screening["criteria"])
    for one in found:
        local = {**one, "@context": [TERMS, one["@context"][1]]}  # what the published context says of them
        graph = rdflib.Graph().parse(data=json.dumps(local), format="json-ld")
        node = rdflib.URIRef(one["id"])
        assert (node, rdflib.RDF.type, oa.Annotation) in graph
        exact = one["target"]["selector"][1]["exact"]
        assert {str(o) for o in graph.objects(None, oa.exact)} == {exact}
        starts = {int(o) for o in graph.objects(None, oa.start)}
        assert starts == {one["target"]["selector"][0]["refinedBy"]["start"]}


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
    table = tables.frame(tables.rows([screening]))
    table.loc[table["criterion"] == "I.B.1", "status"] = "insufficient"
    table.to_parquet(tmp_path / "t.parquet")
    import pandas

    (one,) = tables.decisions_of(pandas.read_parquet(tmp_path / "t.parquet"))
    assert (one.criterion, one.status, one.action) == ("I.B.1", "insufficient", "correct")


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


def test_label_studio_both_ways(labelled: list[Labelled], tmp_path: Path) -> None:
    tasks = list(training.to_label_studio(labelled))
    done = [{"data": t["data"], "annotations": [{"result": t["predictions"][0]["result"]}]} for t in tasks]
    (tmp_path / "ls.json").write_text(json.dumps(done))
    back = list(training.from_label_studio(training.read_jsonl(tmp_path / "ls.json")))
    assert back == labelled
    done[0]["annotations"][0]["result"][0]["value"]["start"] += 1
    with pytest.raises(UserError, match="not at its offsets"):
        list(training.from_label_studio(done))


def test_label_studio_accepts_the_tasks(labelled: list[Labelled]) -> None:
    interface = pytest.importorskip("label_studio_sdk.label_interface")
    config = training.label_config(span.label for one in labelled for span in one.spans)
    view = interface.LabelInterface(config)
    for task in training.to_label_studio(labelled):
        assert view.validate_task({"data": task["data"]}) and view.validate_prediction(task["predictions"][0])


def test_docbin_both_ways_through_spacy(labelled: list[Labelled], tmp_path: Path) -> None:
    training.write_docbin(labelled, tmp_path / "l.spacy")
    assert list(training.read_docbin(tmp_path / "l.spacy")) == labelled


def test_decisions_give_training_rows_and_gold_cases(screening: dict[str, Any], texts: dict[Any, str], decided: tuple[Decided, ...], workspace: Path, tmp_path: Path) -> None:
    from pipeline.labels import labelled_pages

    for one in decided:
        write_decision(one, tmp_path / "d.jsonl")
    back = read_decisions(tmp_path / "d.jsonl")
    assert [(d.criterion, d.status, d.by) for d in back] == [(d.criterion, d.status, d.by) for d in decided]
    rows = list(training_rows(labelled_pages([screening], texts, back)))
    assert rows and all(quote in row["text"] for row in rows for _, _, quote in row["facts"])
    write_gold(gold_case(screening, back), tmp_path / "gold")
    figures = evaluate(workspace, tmp_path / "gold")
    assert figures["labels"] == len(decided)
    assert figures["accuracy"] == pytest.approx(1 - 1 / len(decided), abs=1e-4)


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
    from pipeline.store import open_store, reviews
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
        reviews.finish(tx, packet(), viewer)
    store.close()
    found = finished_decisions(workspace)
    assert [d.criterion for d in found] == list(states) and found[0].changed and not found[1].changed
    assert {d.by for d in found} == {("R. Ames",)}
    assert main(["export", str(workspace), "fhir", "--out", str(tmp_path / "f"), "--at", AT]) == 0
    made = json.loads((tmp_path / "f" / "f-01.json").read_text())
    assert made["entry"][1]["resource"]["status"] == "completed"
    assert main(["export", str(workspace), "gold", "--out", str(tmp_path / "gold")]) == 0
    assert (tmp_path / "gold" / "f-01" / "case.yaml").is_file()
