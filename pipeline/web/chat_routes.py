"""Routes of the conversation with a packet's record, mounted by `pipeline.web.app`; `_chat.html` is its panel."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
