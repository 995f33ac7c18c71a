"""From a template and values to a response."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from fastapi import Request
from starlette.responses import HTMLResponse

from criteria.screening import STATUS_SIGNS, STATUS_WORDS
from pipeline.web import words

HERE = Path(__file__).parent


@cache
def templates() -> jinja2.Environment:
    """Autoescape for everything; a name that is missing is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(
        words=STATUS_WORDS,
        signs=STATUS_SIGNS,
        flag_words=words.FLAG_WORDS,
        phases=words.PHASE_WORDS,
        keys=words.KEYS,
    )
    return environment


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """The rendered template; every template may use `viewer`."""
    viewer = getattr(request.state, "viewer", None)
    return HTMLResponse(templates().get_template(template).render(viewer=viewer, **values), status)
