"""Every notebook runs from the first cell to the last, and is stored with its outputs."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted(Path("notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    book = nbformat.read(path, 4)
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": "notebooks"}}).execute()
    assert all(not any(o.output_type == "error" for o in c.outputs) for c in book.cells if c.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_stored_with_its_outputs(path: Path) -> None:
    book = nbformat.read(path, 4)
    assert any(cell.get("outputs") for cell in book.cells)
    assert str(Path.cwd()) not in path.read_text(encoding="utf-8")


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) == 6
