"""The site builds without a warning, and every example on its pages runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from text_packet import text_packet

from pipeline.cli import main

DOCS = Path("docs")
PAGES = sorted(p for p in DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
LINES = '{"id": "1", "text": "No infection today.", "start": 3, "end": 12}\n'


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    packet = text_packet(folder)  # the examples' packet without its scans
    assert main(["screen", str(packet), "--out", str(folder / "out"), "--quiet"]) == 0
    return folder / "out"


def test_the_site_builds_strictly(tmp_path: Path) -> None:
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    build(load_config("mkdocs.yml", strict=True, site_dir=str(tmp_path / "site")))
    made = (tmp_path / "site" / "reference" / "policies.html").read_text()
    assert "CMS-A55239" in made and "I.B.10" in made
    for file in (tmp_path / "site").rglob("*.html"):
        assert not re.search(r'(?:src|href)="https?://(?!squidfunk)', file.read_text()), file.name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p))
def test_the_examples_run(page: Path, workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "LINES.jsonl").write_text(LINES)
    names: dict[str, object] = {"WORKSPACE": workspace}
    for language, body in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(_placed(body, workspace), str(page), "exec"), names)
        elif language == "console":
            _run(body, workspace, tmp_path, capsys)
        else:
            pytest.fail(f"{page}: a block of {language} is never run")


def _placed(body: str, workspace: Path) -> str:
    return body.replace("fixtures/packets/f-01", str(workspace.parent / "f-01"))


def _run(body: str, workspace: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each `$` line is a command; the lines below it, if any, are what it prints."""
    for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
        command, _, printed = part.partition("\n")
        told = _placed(command, workspace).replace("WORKSPACE", str(workspace)).replace("LINES.jsonl", str(folder / "LINES.jsonl"))
        words = shlex.split(told)
        assert words[0] == "chartproof"
        capsys.readouterr()
        assert main(words[1:]) == 0, command
        if printed.strip():
            assert capsys.readouterr().out.strip() == printed.strip()


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = re.findall(r"`(test_\w+)`", (DOCS / "security.md").read_text(encoding="utf-8"))
    there = "".join(path.read_text(encoding="utf-8") for path in Path("tests").glob("test_*.py"))
    assert len(named) > 15
    assert [name for name in named if f"def {name}(" not in there] == []
