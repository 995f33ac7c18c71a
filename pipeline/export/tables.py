"""Tables: a row per excerpt (or per criterion without one), as CSV, XLSX and Parquet, and as a pandas DataFrame."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractors.errors import UserError
from pipeline.labels import STATUSES, Decided, latest

if TYPE_CHECKING:
    import pandas

Json = Mapping[str, Any]
TABLE_VERSION = "1"
COLUMNS: Mapping[str, str] = {
    "packet_id": "string", "policy": "string", "policy_revision": "string", "pathway": "string",
    "criterion": "string", "suggested": "string", "status": "string", "reviewer": "string", "reason": "string",
    "decided_at": "string",
    "finding": "string", "value": "string", "unit": "string", "date": "string", "modes": "string", "stance": "string",
    "rule": "string", "score": "double", "document_id": "string", "document_sha256": "string", "page": "int64",
    "start": "int64", "end": "int64", "quote": "string", "boxes": "string", "software": "string",
}  # fmt: skip
"""Columns and their types. `status` is a reviewer's, null until somebody decided; `boxes` is JSON, PDF points."""


def rows(screenings: Iterable[Json], decisions: Sequence[Decided] = ()) -> Iterator[dict[str, Any]]:
    """The rows, each with every column; None where there is nothing to say."""
    decided = latest(decisions)
    for screening in screenings:
        hashes = {d["document_id"]: d["sha256"] for d in screening["documents"]}
        for result in screening["criteria"]:
            decision = decided.get((screening["packet_id"], result["id"]))
            base = dict.fromkeys(COLUMNS) | {
                "packet_id": screening["packet_id"],
                "policy": screening["policy"],
                "policy_revision": screening["policy_revision"],
                "pathway": screening["request"]["pathway"],
                "criterion": result["id"],
                "suggested": result["status"],
                "status": decision.status if decision else None,
                "reviewer": ", ".join(decision.by) if decision else None,
                "reason": decision.reason if decision else None,
                "decided_at": decision.at if decision else None,
                "software": screening["software"],
            }
            for item in result["evidence"] or [None]:
                yield base if item is None else base | _excerpt(item, hashes)


def _excerpt(item: Json, hashes: Mapping[str, str]) -> dict[str, Any]:
    said = item["attributes"]
    value = said.get("value")
    return {
        **{name: item[name] for name in ("finding", "date", "stance", "document_id", "page", "start", "end", "quote")},
        **{name: said.get(name) for name in ("unit", "rule", "score")},
        "value": None if value is None else f"{value:g}" if isinstance(value, int | float) else str(value),
        "modes": " ".join(said["modes"]) if said.get("modes") else None,
        "document_sha256": hashes[item["document_id"]],
        "boxes": json.dumps(item["boxes"]),
    }


def inert(cell: object) -> object:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def write_csv(table: Iterable[Json], path: Path) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(["" if row[name] is None else inert(row[name]) for name in COLUMNS] for row in table)
    path.write_text(out.getvalue(), encoding="utf-8")


def write_xlsx(table: Iterable[Json], path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    sheet.title = "evidence"
    sheet.append(list(COLUMNS))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for row in table:
        cells = (inert(row[name]) for name in COLUMNS)
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", c) if isinstance(c, str) else c for c in cells])
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    book.save(path)


def write_parquet(table: Iterable[Json], path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    kinds = {"string": pyarrow.string(), "double": pyarrow.float64(), "int64": pyarrow.int64()}
    schema = pyarrow.schema(
        [(name, kinds[kind]) for name, kind in COLUMNS.items()], metadata={"chartproof_table": TABLE_VERSION}
    )
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(table), schema=schema), path)


def frame(table: Iterable[Json]) -> pandas.DataFrame:
    """The rows as a DataFrame, with the types of `COLUMNS`."""
    import pandas

    types = {"string": "string", "double": "float64", "int64": "Int64"}
    found = pandas.DataFrame(list(table), columns=list(COLUMNS))
    return found.astype({name: types[kind] for name, kind in COLUMNS.items()})


def decisions_of(table: pandas.DataFrame) -> tuple[Decided, ...]:
    """Decisions from a table whose `status` column somebody filled in: the way back from pandas, Parquet or XLSX."""
    decided = table.dropna(subset=["status"]).drop_duplicates(["packet_id", "criterion"])
    found: list[Decided] = []
    for row in decided.to_dict("records"):
        if row["status"] not in STATUSES:
            raise UserError(f"{row['packet_id']}, {row['criterion']}: unknown status; use one of {', '.join(STATUSES)}")
        action = "confirm" if row["status"] == row["suggested"] else "correct"
        by = (row["reviewer"],) if _said(row["reviewer"]) else ()
        reason, at = (row[name] if _said(row[name]) else None for name in ("reason", "decided_at"))
        named = (row["packet_id"], row["criterion"], row["suggested"], row["status"], action)
        found.append(Decided(*named, reason=reason or "", at=at, by=by))
    return tuple(found)


def _said(cell: object) -> bool:
    return isinstance(cell, str) and cell != ""
