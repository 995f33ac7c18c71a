"""A small packet as its files come: a form, a note as PDF, an image, a text file."""

from __future__ import annotations

from pathlib import Path

NOTE = [
    "Patient: DOE, JANE   DOB: 1960-02-03   MRN: 5512345",
    "Pain clinic note 03/20/2026",
    "Post-laminectomy syndrome explains the pain.",
    "There is no active infection today.",
]
FORM = """Patient: DOE, JANE   DOB: 1960-02-03   MRN: 5512345
PRIOR AUTHORIZATION REQUEST
Date of request: 03/31/2026
Procedure: 62323, trial of intrathecal morphine
Diagnosis: M96.1
"""


def write_pdf(path: Path, *pages: list[str]) -> Path:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=(612, 792), invariant=1)
    for lines in pages:
        for n, line in enumerate(lines):
            canvas.drawString(72, 700 - 24 * n, line)
        canvas.showPage()
    canvas.save()
    return path


def write_records(folder: Path) -> Path:
    """Two packets: `first` (a form as text, a two-page note as PDF) and the lone file `second.txt`."""
    packet = folder / "first"
    packet.mkdir(parents=True)
    (packet / "01_form.txt").write_text(FORM)
    write_pdf(packet / "02_note.pdf", NOTE, [NOTE[0], "Wound clean, no active infection anywhere."])
    (folder / "second.txt").write_text(FORM)
    return folder
