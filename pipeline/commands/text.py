"""chartproof text: the page texts that excerpts point into."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from extractors.errors import UnreadableFile, UserError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="one document")
    parser.add_argument("--json", action="store_true", help='print [{"page": 1, "text": "...", "ocr": false}]')


def run(args: argparse.Namespace) -> int:
    from extractors.readers import read_document
    from extractors.readers.ocr_worker import Recogniser

    if not args.file.is_file():
        raise UserError(f"{args.file}: no such file; name a document")
    try:
        with Recogniser() as recognise:
            document = read_document(args.file, recognise=recognise)
    except UnreadableFile as error:
        raise UserError(f"{error.file}: {error.reason}; give a PDF, a text file or an image") from None
    if args.json:
        pages = [{"page": page.number, "text": page.text, "ocr": page.ocr} for page in document.pages]
        print(json.dumps(pages, ensure_ascii=False))
    else:
        print("\f".join(f"{page.text}\n" for page in document.pages), end="")
    return 0
