"""The widget of a notebook and the reviewer's page write the same decisions, by the same rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from made_reviews import write_workspace
from sqlalchemy import select

from extractors.errors import UserError
from pipeline.desk import Desk, take
from pipeline.display import decide_widget
from pipeline.store import Store, access, open_store
from pipeline.store import schema as t
from pipeline.store.ingest import ingest
from pipeline.store.worksheets import finished
from pipeline.web.app import create_app
from pipeline.web.passwords import hash_password

PASSWORD = "four quiet herons wade"
STEPS = (
    ("I.B.1", "confirm", "", ""),
    ("I.B.2", "confirm", "", ""),  # a conflict without a reason: refused
    ("I.B.2", "confirm", "", "The later note counts."),
    ("I.B.3", "correct", "met", "Platelets are in the letter."),
    ("I.B.4", "reject", "", "An old wound."),
    ("I.B.5", "confirm", "", ""),
    ("I.B.5", "undo", "", ""),
    ("I.B.5", "reject", "", "Not before the trial."),
)
"""Criterion, action, status, reason: what a reviewer does, one after the other."""


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two stores of the same workspace, with the same account."""
    workspace = write_workspace(tmp_path)
    opened = (open_store(tmp_path / "one"), open_store(tmp_path / "two"))
    for store in opened:
        ingest(store, workspace)
        with store.write("test") as tx:
            access.add_account(tx, "Ann", "reviewer", ["default"], hash_password(PASSWORD))
    yield opened
    for store in opened:
        store.close()


def by_widget(store: Store) -> list[bool]:
    """The steps as clicks; whether each was taken."""
    desk, taken = take(store, "case-01", "Ann"), []
    for criterion, action, status, reason in STEPS:
        widget = decide_widget(desk, criterion)
        _, words, row, _ = widget.children
        before = desk.state(criterion).number
        words.value = reason
        if status:
            row.children[-1].value = status
        next(b for b in row.children if getattr(b, "description", "") == action).click()
        taken.append(desk.state(criterion).number > before)
    assert desk.finish() == ""
    return taken


def by_page(store: Store) -> list[bool]:
    """The same steps as the page posts them."""
    page, taken, numbers = TestClient(create_app(store), base_url="https://localhost", follow_redirects=False), [], {}
    assert page.post("/login", data={"name": "Ann", "password": PASSWORD}).status_code == 303
    token = re.search(r'name="csrf" value="([^"]+)"', page.get("/").text)
    assert token is not None
    with store.read() as conn:
        key = conn.execute(select(t.packets.c.key)).scalar_one()
    assert page.post(f"/packets/{key}/claim", data={"csrf": token[1]}).status_code == 303
    desk = take(store, "case-01", "Ann")
    for criterion, action, status, reason in STEPS:
        seen = ",".join(desk.state(criterion).deciding())
        sent = {"csrf": token[1], "action": action, "number": numbers.get(criterion, 0), "status": status, "reason": reason, "seen": seen}
        answer = page.post(f"/packets/{key}/decide/{criterion}", data=sent)
        taken.append(answer.status_code == 200)
        numbers[criterion] = numbers.get(criterion, 0) + taken[-1]
    assert page.post(f"/packets/{key}/finish", data={"csrf": token[1]}).status_code == 303
    return taken


def written(store: Store) -> tuple[list[Any], list[Any]]:
    """The decisions and the finished worksheet, without their times."""
    columns = [c for c in t.decisions.c if c.name not in ("at", "id")]
    with store.read() as conn:
        rows = [tuple(row) for row in conn.execute(select(*columns).order_by(t.decisions.c.criterion, t.decisions.c.number))]
        sheets = [[{k: v for k, v in c.items() if k != "at"} for c in sheet["criteria"]] for sheet in finished(conn)]
    return rows, sheets


def test_the_widget_and_the_page_write_the_same(stores: tuple[Store, Store]) -> None:
    taken = by_widget(stores[0])
    assert taken == by_page(stores[1])
    assert taken == [step != STEPS[1] for step in STEPS]
    rows, sheets = written(stores[0])
    assert (rows, sheets) == written(stores[1])
    assert len(rows) == len(STEPS) - 1 and len(sheets) == 1


def test_what_the_widget_decides_stands_in_the_audit_log(stores: tuple[Store, Store]) -> None:
    desk = take(stores[0], "case-01", "Ann")
    assert desk.decide("I.B.1", "confirm") == ""
    with stores[0].read() as conn:
        logged = conn.execute(select(t.audit.c.actor).where(t.audit.c.action == "decision")).scalars().all()
    assert logged == ["Ann"]


def test_nobody_without_an_account_decides(stores: tuple[Store, Store]) -> None:
    with pytest.raises(UserError, match="no such reviewer"):
        take(stores[0], "case-01", "Eve")
    with stores[0].write("test") as tx:
        access.add_account(tx, "Eve", "reviewer", ["other"])
    with pytest.raises(UserError, match="no such packet"):
        take(stores[0], "case-01", "Eve")


def test_a_packet_that_somebody_else_holds_is_refused(stores: tuple[Store, Store]) -> None:
    with stores[0].write("test") as tx:
        access.add_account(tx, "Bo", "reviewer", ["default"])
    first = take(stores[0], "case-01", "Ann")
    assert isinstance(first, Desk) and take(stores[0], "case-01", "ann").key == first.key  # one's own goes on
    with pytest.raises(UserError, match="Somebody else has this packet"):
        take(stores[0], "case-01", "Bo")
    with pytest.raises(UserError, match=r"I\.A\.9: not in this screening"):
        first.state("I.A.9")
