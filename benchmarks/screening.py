"""What screening costs against plain `pdfplumber` `page.extract_text()` and stock medspaCy, as ratios within one run.

    python benchmarks/screening.py RECORDS [--parts pages start medspacy linear memory] [--rounds 3]

Each figure is taken in fresh processes, pairs in turn, and is processor time: the cores may be shared with other work.
RECORDS is a folder of packets; files with a page that has no text of its own are left out. Stock medspaCy is its
default pipeline over the same page texts as one note, with as many target rules as chartproof has concept words and
with its own context rules; chartproof's side of that pair is everything after reading, that is finding and screening.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

PARTS = ("pages", "start", "medspacy", "linear", "memory")


def text_packets(records: Path, to: Path) -> int:
    """Copy the text PDFs of `records` into packets below `to`; how many pages they have."""
    from extractors.readers import read_document

    pages = 0
    for path in sorted(records.rglob("*.pdf")):
        found = read_document(path).pages
        if all(page.readable for page in found):
            (to / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to / path.parent.name / path.name)
            pages += len(found)
    return pages


def packet(records: Path, to: Path, pages: int) -> Path:
    """One packet of so many pages: the text PDFs, again and again, a different line on each so that none is a copy."""
    import pikepdf

    files, out, number = sorted(records.rglob("*.pdf")), pikepdf.new(), 0
    while number < pages:
        for path in files:
            with pikepdf.open(path) as pdf:
                for page in list(pdf.pages)[: pages - number]:
                    number += 1
                    out.pages.append(page)
                    out.pages[-1].contents_add(_line(out, number), prepend=False)
    to.mkdir(parents=True)
    out.save(to / "note.pdf")
    return to


def _line(pdf: Any, number: int) -> bytes:
    """Drawing words for a line at the foot of the last page, in a font of its own."""
    import pikepdf

    page = pdf.pages[-1]
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    name = page.add_resource(font, pikepdf.Name.Font)
    return f"q BT {name} 7 Tf 60 12 Td (Sheet number {number} of this copy was checked.) Tj ET Q".encode()


def plain(folder: Path) -> None:
    """pdfplumber's own text of every page, each page closed, as a careful user would."""
    import pdfplumber

    for path in sorted(folder.rglob("*.pdf")):
        with pdfplumber.open(path) as pdf:
            for page in pdf.pages:
                page.extract_text()
                page.close()


def reading(folder: Path) -> None:
    """Our pages, with a box for every character."""
    from extractors.readers import read_document

    for path in sorted(folder.rglob("*.pdf")):
        read_document(path)


def screening(folder: Path) -> None:
    """Every packet screened, worksheet and all, as `chartproof screen --engine here` does."""
    from pipeline.batch.intake import Options, screen_all
    from pipeline.packets import find_packets

    with tempfile.TemporaryDirectory() as workspace:
        outcome = screen_all(find_packets(folder), Path(workspace), Options(engine="here"))
        assert outcome.counts.screened == outcome.counts.total, outcome.problems


def finding(folder: Path) -> None:
    """What follows reading: findings and the screening of each packet."""
    from criteria.policy import load_policy
    from criteria.request import decide_request
    from criteria.screening import screen
    from extractors.find import find

    policy = load_policy()
    for documents in _read(folder):
        request = decide_request(policy, documents, {})
        screen(policy, find(documents, request.hint()), request, documents)


def rules(folder: Path) -> None:
    """`finding` with the learned reader left out: what is made of rules, medspaCy's matchers among it."""
    from extractors import find

    find.find_learned = lambda *_: iter(())
    finding(folder)


def stock(folder: Path) -> None:
    """Stock medspaCy over each packet's text as one note."""
    import medspacy
    from loguru import logger
    from medspacy.ner import TargetRule

    from extractors.clinical import concept_data

    logger.disable("PyRuSH")
    nlp = medspacy.load()
    words = sorted({w for kind, entry in concept_data().items() if kind != "examples" for w in entry["words"]})
    nlp.get_pipe("medspacy_target_matcher").add([TargetRule(word, "CONCEPT") for word in words])
    for documents in _read(folder):
        nlp("\n\n".join(page.text for document in documents for page in document.pages))


def _read(folder: Path) -> list[list[Any]]:
    """The documents of each packet; the clock of `one` starts after this."""
    global _begun
    from extractors.readers import read_document

    found = [[read_document(p, p.stem) for p in sorted(one.glob("*.pdf"))] for one in sorted(folder.iterdir())]
    _begun = time.process_time()
    return found


_begun = 0.0
JOBS: dict[str, Callable[[Path], None]] = {f.__name__: f for f in (plain, reading, screening, finding, rules, stock)}


def one(job: str, folder: Path) -> dict[str, float]:
    """Run one job in this process: seconds of processor time start-up apart, with start-up, and peak megabytes."""
    global _begun
    if job in ("screening", "finding", "rules"):
        from pipeline.batch.task import Settings
        from pipeline.batch.work import Screener

        Screener(Settings("LA.CP.MP.173", folder)).warm()
    _begun = time.process_time()
    JOBS[job](folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"net": time.process_time() - _begun, "whole": time.process_time(), "peak": peak}


def fresh(job: str, folder: Path) -> dict[str, float]:
    """`one` in a process of its own."""
    command = [sys.executable, __file__, str(folder), "--job", job]
    result: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return result


def ratio(a: tuple[str, Path], b: tuple[str, Path], figure: str, rounds: int) -> float:
    """Median of a/b over pairs taken in turn."""
    return round(median(fresh(*a)[figure] / fresh(*b)[figure] for _ in range(rounds)), 3)


def main() -> None:
    """Print the figures as JSON, each as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--job", choices=sorted(JOBS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        print(json.dumps(one(args.job, args.records)))
        return
    with tempfile.TemporaryDirectory() as folder:
        place, rounds = Path(folder), args.rounds
        text = place / "text"
        print(json.dumps({"text_pages": text_packets(args.records, text)}), flush=True)
        for part in args.parts:
            print(json.dumps({part: FIGURES[part](text, place, rounds)}), flush=True)


def pages(text: Path, place: Path, rounds: int) -> dict[str, float]:
    """Start-up apart."""
    return {
        "reading / extract_text": ratio(("reading", text), ("plain", text), "net", rounds),
        "screening / extract_text": ratio(("screening", text), ("plain", text), "net", rounds),
    }


def start(text: Path, place: Path, rounds: int) -> dict[str, float]:
    """Start-up included on both sides."""
    return {"screening / extract_text": ratio(("screening", text), ("plain", text), "whole", rounds)}


def against_stock(text: Path, place: Path, rounds: int) -> dict[str, float]:
    sixty = packet(text, place / "sixty" / "one", 60).parent
    return {
        f"stock medspaCy / {what}, 60 pages": ratio(("stock", sixty), (job, sixty), "net", rounds)
        for what, job in (("finding and screening", "finding"), ("the same without the learned reader", "rules"))
    }


def linear(text: Path, place: Path, rounds: int) -> dict[str, float]:
    whole = packet(text, place / "long" / "p", 400).parent
    parts = place / "parts"
    for n in range(10):
        _pages(whole / "p" / "note.pdf", parts / f"p{n}", 40 * n)
    return {"400 pages / ten of 40": ratio(("screening", whole), ("screening", parts), "net", rounds)}


def _pages(source: Path, to: Path, first: int) -> None:
    """Forty pages of a file, as a packet."""
    import pikepdf

    to.mkdir(parents=True)
    with pikepdf.open(source) as pdf, pikepdf.new() as out:
        out.pages.extend(list(pdf.pages)[first : first + 40])
        out.save(to / "note.pdf")


def memory(text: Path, place: Path, rounds: int) -> dict[str, float]:
    few, many = (packet(text, place / f"m{n}" / "p", n).parent for n in (50, 1000))
    return {"peak, 1,000 pages / 50": ratio(("screening", many), ("screening", few), "peak", 1)}


FIGURES = {"pages": pages, "start": start, "medspacy": against_stock, "linear": linear, "memory": memory}


if __name__ == "__main__":
    main()
