"""The command line as other programs use it: files, exit statuses, what is printed and what never is."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
from made_packets import FORM, write_pdf, write_records

from extractors.document import excerpt
from extractors.errors import UnreadableFile
from extractors.finding import Finding
from extractors.readers import read_document
from pipeline.cli import COMMANDS
from pipeline.cli import main as run_command

PATTERNS = {
    ("infection", "absent"): r"[^.\n]*no active infection[^.\n]*",
    ("pain_diagnosis", "identified"): r"[^.\n]*Post-laminectomy[^.\n]*",
}


def find(documents, hint):
    """A reader of two facts, so that these tests are about the command and not about reading."""
    return tuple(
        Finding(kind, value, excerpt(d.document_id, page, *found.span()), "test", date="2026-03-20")
        for d in documents
        for page in d.pages
        for (kind, value), pattern in PATTERNS.items()
        for found in re.finditer(pattern, page.text)
    )


def main(argv: list[str]) -> int:
    """The command in this process, where `find` above stands in."""
    return run_command([*argv, "--engine", "here"] if argv[0] == "screen" else argv)


@pytest.fixture
def records(tmp_path):
    return write_records(tmp_path / "records")


@pytest.fixture(autouse=True)
def reader(monkeypatch):
    module = types.ModuleType("extractors.find")
    module.find = find
    monkeypatch.setitem(sys.modules, "extractors.find", module)


def screening(workspace: Path, name: str) -> dict:
    return json.loads((workspace / "screenings" / f"{name}.json").read_text())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_screen_writes_what_the_contract_names(records, tmp_path, capsys):
    assert main(["screen", str(records), "--out", str(tmp_path / "w")]) == 0
    got = screening(tmp_path / "w", "first")
    assert list(got)[:9] == [
        "schema_version",
        "packet_id",
        "policy",
        "policy_revision",
        "software",
        "request",
        "documents",
        "criteria",
        "flags",
    ]
    assert got["request"] == {
        "phase": "trial",
        "indication": "nonmalignant",
        "pathway": "I.B",
        "drug": "morphine",
        "codes": ["62323"],
        "request_date": "2026-03-31",
    }
    assert [d["document_id"] for d in got["documents"]] == ["01_form", "02_note"]
    assert [c["id"] for c in got["criteria"]] == [f"I.B.{n}" for n in range(1, 12)]
    assert {c["id"]: c["status"] for c in got["criteria"]}["I.B.9"] == "met"
    assert "worksheets" in capsys.readouterr().out


def test_every_quote_is_its_slice_of_the_page_text(records, tmp_path, capsys):
    main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"])
    pages = {}
    for name in ("01_form.txt", "02_note.pdf"):
        assert main(["text", str(records / "first" / name), "--json"]) == 0
        pages[name[:-4]] = {p["page"]: p["text"] for p in json.loads(capsys.readouterr().out)}
    evidence = [e for c in screening(tmp_path / "w", "first")["criteria"] for e in c["evidence"]]
    assert len(evidence) == 3
    assert all(pages[e["document_id"]][e["page"]][e["start"] : e["end"]] == e["quote"] and e["boxes"] for e in evidence)


def test_summary_has_a_row_per_criterion_with_its_first_excerpt(records, tmp_path):
    main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"])
    got = rows(tmp_path / "w" / "summary.csv")
    assert len(got) == 22
    first = next(r for r in got if r["criterion"] == "I.B.9")
    assert (first["packet_id"], first["pathway"], first["status"], first["evidence_count"]) == (
        "first",
        "I.B",
        "met",
        "2",
    )
    assert (first["document_id"], first["page"]) == ("02_note", "1") and "no active infection" in first["quote"]
    assert rows(tmp_path / "w" / "problems.csv") == []


def test_two_runs_give_the_same_bytes(records, tmp_path):
    for name in ("a", "b"):
        main(["screen", str(records), "--out", str(tmp_path / name), "--quiet"])
    own = ("ledger.sqlite", "log.jsonl")  # what the program keeps for itself: who ran when
    found = (p for p in (tmp_path / "a").rglob("*") if p.is_file() and p.name not in own)
    files = sorted(p.relative_to(tmp_path / "a") for p in found)
    assert len([f for f in files if f.parts[0] != "records"]) == 6
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_a_bad_document_is_told_and_stops_nothing(records, tmp_path):
    (records / "first" / "03_scan.docx").write_bytes(b"PK\x03\x04rubbish")
    (records / "first" / "04_empty.pdf").write_bytes(b"")
    assert main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"]) == 0
    told = rows(tmp_path / "w" / "problems.csv")
    assert [(r["packet_id"], r["file"]) for r in told] == [("first", "03_scan.docx"), ("first", "04_empty.pdf")]
    assert screening(tmp_path / "w", "first")["criteria"]


def test_a_packet_that_cannot_be_read_gives_exit_status_1_and_the_others_are_screened(records, tmp_path):
    (records / "third").mkdir()
    (records / "third" / "x.pdf").write_bytes(b"%PDF-1.4 rubbish")
    (records / "fourth").mkdir()
    assert main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"]) == 1
    assert {r["packet_id"] for r in rows(tmp_path / "w" / "problems.csv")} == {"third", "fourth"}
    assert sorted(p.stem for p in (tmp_path / "w" / "screenings").iterdir()) == ["first", "second"]


def test_a_bug_in_one_packet_is_told_by_place_without_text_of_the_record(records, tmp_path, monkeypatch):
    def broken(documents, hint):
        if documents[0].document_id == "01_form":
            raise ValueError(documents[0].pages[0].text)
        return ()

    monkeypatch.setattr(sys.modules["extractors.find"], "find", broken)
    assert main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"]) == 1
    told = rows(tmp_path / "w" / "problems.csv")
    assert [r["packet_id"] for r in told] == ["first"]
    assert re.fullmatch(r"internal error: ValueError at pipeline/run.py:\d+; please report it", told[0]["problem"])


def test_a_wrong_request_json_is_told_and_the_documents_decide(records, tmp_path):
    (records / "first" / "request.json").write_text('{"phase": "maybe"}')
    assert main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"]) == 0
    assert screening(tmp_path / "w", "first")["request"]["phase"] == "trial"
    assert rows(tmp_path / "w" / "problems.csv")[0]["file"] == "request.json"


def test_request_json_wins_over_the_documents(records, tmp_path):
    (records / "first" / "request.json").write_text('{"phase": "implant", "drug": "hydromorphone"}')
    main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"])
    got = screening(tmp_path / "w", "first")
    assert (got["request"]["pathway"], got["request"]["drug"], len(got["criteria"])) == ("II.B", "hydromorphone", 20)


def test_another_patients_page_is_flagged_and_not_evidence(records, tmp_path):
    other = "Patient: DOE, JANICE   DOB: 1988-07-30   MRN: 5512354"
    write_pdf(records / "first" / "03_labs.pdf", [other, "There is no active infection today."])
    main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"])
    got = screening(tmp_path / "w", "first")
    assert [(f["kind"], f["document_id"], f["page"]) for f in got["flags"]] == [("foreign_patient_page", "03_labs", 1)]
    assert {e["document_id"] for c in got["criteria"] for e in c["evidence"]} == {"02_note"}


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["screen", "nowhere", "--out", "w"], "no such file or folder"),
        (["screen", ".", "--out", "w", "--policy", "LA.XX"], "use one of"),
        (["screen", ".", "--out", "w", "--jobs", "0"], "use 1 or more"),
        (["text", "nowhere.pdf"], "no such file"),
        (["assert", "nowhere.jsonl"], "cannot be read"),
        (["evaluate", "nowhere", "nowhere"], "no such folder"),
        (["policy", "show", "LA.XX"], "use one of"),
    ],
)
def test_a_users_error_is_one_line_with_what_to_do_and_exit_status_2(argv, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some.txt").write_text(FORM)
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1


def test_unusable_arguments_give_exit_status_2():
    with pytest.raises(SystemExit) as error:
        main(["screen"])
    assert error.value.code == 2


def test_progress_shows_counts_and_no_text_of_the_record(records, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    main(["screen", str(records), "--out", str(tmp_path / "w")])
    captured = capsys.readouterr()
    assert "packets" in captured.err and "pages" in captured.err
    assert not re.search("DOE|infection|laminectomy", captured.err + captured.out)
    main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"])
    assert capsys.readouterr() == ("", "")


def test_json_tells_the_outcome(records, tmp_path, capsys):
    (records / "first" / "x.zip").write_bytes(b"PK\x03\x04")
    main(["screen", str(records), "--out", str(tmp_path / "w"), "--json", "--quiet"])
    got = json.loads(capsys.readouterr().out)
    assert (got["packets"], got["screened"], got["problems"][0]["file"]) == (2, 2, "x.zip")


def test_one_file_and_one_folder_are_packets(records, tmp_path):
    main(["screen", str(records / "second.txt"), "--out", str(tmp_path / "a"), "--quiet"])
    main(["screen", str(records / "first"), "--out", str(tmp_path / "b"), "--quiet"])
    assert [p.name for p in (tmp_path / "a" / "screenings").iterdir()] == ["second.json"]
    assert [p.name for p in (tmp_path / "b" / "screenings").iterdir()] == ["first.json"]


def test_documents_of_one_name_keep_apart(records, tmp_path):
    write_pdf(records / "first" / "01_form.pdf", ["another"])
    (records / "first" / "old").mkdir()
    (records / "first" / "old" / "02_note.pdf").write_bytes((records / "first" / "02_note.pdf").read_bytes())
    main(["screen", str(records), "--out", str(tmp_path / "w"), "--quiet"])
    names = [d["document_id"] for d in screening(tmp_path / "w", "first")["documents"]]
    assert names == ["01_form.pdf", "01_form.txt", "02_note.pdf", "old_02_note.pdf"] or len(set(names)) == 4


def test_text_prints_pages_and_reports_an_unreadable_file(records, tmp_path, capsys):
    assert main(["text", str(records / "first" / "02_note.pdf"), "--json"]) == 0
    pages = json.loads(capsys.readouterr().out)
    assert [(p["page"], p["ocr"]) for p in pages] == [(1, False), (2, False)]
    assert pages[0]["text"] == read_document(records / "first" / "02_note.pdf").pages[0].text
    with pytest.raises(UnreadableFile):
        read_document(Path(__file__).with_name("nothing.pdf"))


def test_assert_prints_a_line_per_concept_in_order(tmp_path, capsys):
    text = "He has pain. There is no infection.\u2028If the trial helps, implant."
    concepts = [("a", "pain"), ("b", "infection"), ("c", "implant")]
    lines = [
        json.dumps({"id": i, "text": text, "start": text.index(w), "end": text.index(w) + len(w)}, ensure_ascii=False)
        for i, w in concepts
    ]
    path = tmp_path / "concepts.jsonl"
    path.write_text("\n".join(lines) + "\n")
    assert main(["assert", str(path)]) == 0
    got = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["id"] for one in got] == ["a", "b", "c"]
    assert [one["negated"] for one in got] == [False, True, False]
    assert got[2]["hypothetical"] is True
    assert set(got[0]) == {"id", "negated", "historical", "hypothetical", "family", "uncertain"}


@pytest.mark.parametrize("line", ["{", '{"id": 1}', '{"id": 1, "text": "ab", "start": 1, "end": 9}'])
def test_assert_tells_the_line_of_a_mistake(tmp_path, capsys, line):
    (tmp_path / "x.jsonl").write_text(line)
    assert main(["assert", str(tmp_path / "x.jsonl")]) == 2
    assert "x.jsonl:1: " in capsys.readouterr().err


def test_policy_commands(capsys):
    assert main(["policy", "list"]) == 0
    assert "LA.CP.MP.173" in capsys.readouterr().out
    assert main(["policy", "show", "LA.CP.MP.173", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["criteria"]) == 28
    assert main(["policy", "check", "LA.CP.MP.173"]) == 0
    assert "0 failures" in capsys.readouterr().out


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_loads_nothing_heavy(command):
    heavy = "{'spacy', 'medspacy', 'pdfplumber', 'numpy', 'jinja2', 'yaml', 'langchain', 'PIL', 'tqdm'}"
    code = f"import sys\nfrom pipeline.cli import main\ntry: main({[*command, '--help']})\nexcept SystemExit: pass\nprint(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
