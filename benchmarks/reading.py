"""Time of reading text PDFs, with a box for every character, against plain `pdfplumber` `page.extract_text()`.

    python benchmarks/reading.py FOLDER_OR_PDF... [--rounds 3]

CPU seconds of one process, the median of interleaved rounds over the same files: the cores may be shared, so the
ratio counts. Files with a page that has no text of its own are left out: scans are timed elsewhere.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pdfplumber

from extractors.readers import read_document


def plain(path: Path) -> int:
    """Characters that pdfplumber's own text holds; each page is closed, as a careful user would."""
    count = 0
    with pdfplumber.open(path) as pdf:
        for page in pdf.pages:
            count += len(page.extract_text())
            page.close()
    return count


def ours(path: Path) -> int:
    """Characters that our pages hold."""
    return sum(len(page.text) for page in read_document(path).pages)


def cpu(read: Callable[[Path], int], files: list[Path]) -> float:
    """CPU seconds that reading all files takes."""
    start = time.process_time()
    for path in files:
        read(path)
    return time.process_time() - start


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    found = [p for path in args.paths for p in (sorted(path.rglob("*.pdf")) if path.is_dir() else [path])]
    documents = [(path, read_document(path).pages) for path in found]
    files = [path for path, pages in documents if all(page.readable for page in pages)]
    count = sum(len(pages) for path, pages in documents if path in set(files))
    times = [(cpu(plain, files), cpu(ours, files)) for _ in range(args.rounds)]
    theirs, mine = (median(column) for column in zip(*times, strict=True))
    figures = {
        "files": len(files),
        "pages": count,
        "pdfplumber_ms_per_page": round(1000 * theirs / count, 2),
        "chartproof_ms_per_page": round(1000 * mine / count, 2),
        "ratio": round(mine / theirs, 3),
        "max_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
