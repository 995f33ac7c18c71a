"""The last resort for a page that cannot be interpreted: PDFium's own text and boxes."""

from __future__ import annotations

from pathlib import Path

from extractors.readers.glyphs import Glyph


class LenientPage:
    """Glyphs of a page as PDFium finds them, with the page's size in points."""

    def __init__(self, glyphs: list[Glyph], width: float, height: float) -> None:
        self.glyphs, self.width, self.height = glyphs, width, height


def count_pages(path: Path) -> int:
    """Pages that PDFium sees; 0 when it cannot open the file."""
    import pypdfium2 as pdfium

    try:
        pdf = pdfium.PdfDocument(path)
    except pdfium.PdfiumError:
        return 0
    try:
        return len(pdf)
    finally:
        pdf.close()


def lenient_page(path: Path, number: int) -> LenientPage | None:
    """Page `number` (from 1), or None when PDFium cannot load it either. Upright text only."""
    import pypdfium2 as pdfium

    try:
        pdf = pdfium.PdfDocument(path)
        page = pdf[number - 1]
        width, height = page.get_size()
        text = page.get_textpage()
        glyphs = []
        for i in range(text.count_chars()):
            x0, y0, x1, y1 = text.get_charbox(i, loose=True)
            char = chr(pdfium.raw.FPDFText_GetUnicode(text, i))
            glyphs.append(Glyph(char, x0, height - y1, x1, height - y0, max(y1 - y0, 1.0), 0, 0, False))
        return LenientPage(glyphs, width, height)
    except (pdfium.PdfiumError, IndexError):
        return None
