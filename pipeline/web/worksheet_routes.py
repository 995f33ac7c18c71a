"""The finished worksheet: to read and print, as one HTML file, and as PDF."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from sqlalchemy import select
from starlette.responses import Response

from pipeline.store import reviews, worksheets
from pipeline.store import schema as t
from pipeline.web.pages import page
from pipeline.web.review_routes import packet_or_404
from pipeline.web.security import viewer_of

router = APIRouter()


@router.get("/packets/{key}/worksheet")
def worksheet(request: Request, key: str, version: int = 0, download: bool = False) -> Response:
    """The finished worksheet as it was frozen; `download` gives it as one file that needs no other."""
    values = _frozen(request, key, version, "html" if download else "page")
    style = (request.app.state.static / "worksheet.css").read_text(encoding="utf-8") if download else ""
    response = page(request, "worksheet.html", style=style, **values)
    if download:
        _named(response, key, values, "html")
    return response


@router.get("/packets/{key}/worksheet.pdf")
def worksheet_pdf(request: Request, key: str, version: int = 0) -> Response:
    from pipeline.web.worksheet_pdf import pdf

    values = _frozen(request, key, version, "pdf")
    made = pdf(values["sheet"], values["body"], values["screening"], values["versions"])
    response = Response(made, media_type="application/pdf")
    _named(response, key, values, "pdf")
    return response


def _frozen(request: Request, key: str, version: int, form: str) -> dict[str, Any]:
    """A frozen worksheet (the last one, if there is none of this version) with the screening it was made of."""
    viewer = viewer_of(request)
    with request.app.state.store.write(viewer.name) as tx:
        packet = packet_or_404(tx.conn, viewer, key)
        frozen = worksheets.worksheets_of(tx.conn, packet) if reviews.stage(tx.conn, packet) == "done" else []
        if not frozen:
            raise HTTPException(404)
        sheet = next((s for s in frozen if s["version"] == version), frozen[-1])
        query = select(t.screenings.c.body).where(t.screenings.c.id == sheet["screening"])
        screening = json.loads(tx.conn.execute(query).scalar_one())
        tx.log("worksheet_shown", f"packet:{key}", version=sheet["version"], form=form)
    values = {"sheet": sheet, "body": json.loads(sheet["body"]), "screening": screening, "packet": packet}
    return {**values, "results": {r["id"]: r for r in screening["criteria"]}, "versions": len(frozen)}


def _named(response: Response, key: str, values: dict[str, Any], suffix: str) -> None:
    name = f"worksheet-{key}-v{values['sheet']['version']}.{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
