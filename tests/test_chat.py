"""The conversation: answers from a real packet, through the LangChain graph, gated, offline."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from extractors.errors import UserError
from pipeline.chat.answer import Claim, passes
from pipeline.chat.bounds import bounds, declined
from pipeline.chat.compose import reply
from pipeline.chat.graph import Conversation, configured
from pipeline.chat.intent import understand
from pipeline.chat.packet import PacketView
from pipeline.cli import main
from pipeline.record import recall


def test_documents_come_back_as_they_were_read(workspace: Path) -> None:
    page = recall(workspace, "p1").documents[0].pages[0]
    assert "lives with her daughter" in page.text and len(page.boxes) == len(page.text)


def test_every_citation_is_verbatim(packet: PacketView) -> None:
    answer = reply("who does she live with?", packet, {})
    assert answer.status == "answered" and "daughter" in answer.text
    for e in answer.citations:
        assert packet.pages[e.document_id, e.page].text[e.start : e.end] == e.quote


def test_a_criterion_is_told_by_the_engine_with_its_excerpt(packet: PacketView) -> None:
    answer = reply("I.B.9 status?", packet, {})
    assert "suggested: met" in answer.text and "No active infection" in answer.citations[0].quote


def test_silence_is_not_documented(packet: PacketView) -> None:
    assert reply("QTc?", packet, {}).status == "not_documented"


def test_words_of_a_record_change_no_status(packet: PacketView) -> None:
    assert "suggested: insufficient" in reply("status of I.B.8?", packet, {}).text


def test_questions_out_of_bounds_are_declined_and_others_are_not() -> None:
    for kind in bounds().values():
        assert all(declined(q) for q in kind["examples"])
        assert not any(declined(q) for q in kind["allowed"])


@pytest.mark.parametrize(
    ("says", "quote", "holds"),
    [
        ("She lives with her daughter.", "Widow, lives with her daughter", True),
        ("She lives with her son.", "lives with her son", False),
        ("Leads came out 03/2021.", "both leads came out 03/2022", False),
        ("There is active infection.", "active infection on today's examination", False),
    ],
)
def test_the_gate_checks_words_numbers_and_denial(packet: PacketView, says: str, quote: str, holds: bool) -> None:
    name = next(f"P{p.place}" for p in packet.passages if quote.split()[-1].rstrip(".") in p.said or "daughter" in p.said and "lives" in quote)
    assert bool(passes(packet, Claim(says, (name,), quote))) is holds


class FakeModel(GenericFakeChatModel):
    def bind_tools(self, tools: object, **kwargs: object) -> FakeModel:
        return self


def test_a_models_unverified_words_are_never_shown(packet: PacketView) -> None:
    model = FakeModel(messages=iter([AIMessage("Everything is met!")]))
    told = Conversation(packet, model).ask("who does she live with?")
    assert told["status"] == "not_documented" and "Everything" not in told["answer"]


def test_a_models_verified_quote_is_shown_as_the_record_has_it(packet: PacketView) -> None:
    place = next(p.place for p in packet.passages if "daughter" in p.said)
    said = {"claims": [{"says": "She lives with her daughter.", "excerpt": f"P{place}", "quote": "lives with her daughter"}]}
    told = Conversation(packet, FakeModel(messages=iter([AIMessage(json.dumps(said))]))).ask("who does she live with?")
    assert told["status"] == "answered" and "daughter" in told["citations"][0]["quote"]


def test_a_turn_opens_no_connection_even_with_tracing_asked_for(packet: PacketView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("LANGSMITH_API_KEY", "x")

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert Conversation(packet).ask("who does she live with?")["status"] == "answered"


def test_another_address_needs_consent() -> None:
    with pytest.raises(UserError, match="allow-remote"):
        configured("openai:some", "http://10.0.0.1/v1", False)


def test_the_command_remembers_a_named_thread(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", str(workspace), "p1", "I.B.9 status?", "--thread", "a", "--json"]) == 0
    assert main(["ask", str(workspace), "p1", "why?", "--thread", "a", "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["status"] == "answered" and "I.B.9" in last["answer"]


def test_a_batch_gives_a_line_per_conversation(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = tmp_path / "q.jsonl"
    asked.write_text(json.dumps({"id": "c1", "packet": "p1", "turns": [{"q": "who does she live with?"}, {"q": "QTc?"}]}) + "\n")
    assert main(["ask", str(workspace), "--batch", str(asked)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [t["status"] for t in told["turns"]] == ["answered", "not_documented"]


def test_a_question_near_a_criterion_is_answered_by_it_where_the_words_do_not_match(packet: PacketView) -> None:
    answer = reply("wound culture back yet?", packet, {})
    assert "I.B.9" in answer.text and [e.quote for e in answer.citations] == ["No active infection on today's examination."]
    assert reply("which hospital did the MRI?", packet, {}).status == "not_documented"


def test_what_is_missing_overall_is_listed(packet: PacketView) -> None:
    assert "A surgeon's opinion." in reply("what am I missing to close the pump criteria on this one", packet, {}).text


def test_a_question_for_a_person_after_an_answer_is_not_a_question_for_its_author(packet: PacketView) -> None:
    before = reply("is there an infection today?", packet, {}).about
    assert reply("who wrote that?", packet, before).citations[-1].quote.startswith("Simone Verret")
    assert "daughter" in reply("who lives with her?", packet, before).citations[0].quote


@pytest.mark.parametrize(("typed", "name"), [("IB9 status?", "I.B.9"), ("1B9?", "I.B.9"), ("why i.b.9", "I.B.9"), ("I.A.4 met?", "I.B.9")])
def test_a_criterion_is_known_as_it_is_typed_and_by_its_counterpart_in_the_pathway(packet: PacketView, typed: str, name: str) -> None:
    assert understand(typed, packet, {}).criteria == (name,)


def test_a_question_out_of_bounds_by_its_meaning_alone_is_answered_where_the_record_answers_it(packet: PacketView, monkeypatch: pytest.MonkeyPatch) -> None:
    read = understand("who does she live with?", packet, {})
    monkeypatch.setattr("pipeline.chat.compose.understand", lambda *_: replace(read, outside=0.9))
    assert reply("who does she live with?", packet, {}).status == "answered"
    monkeypatch.setattr("pipeline.chat.compose.ANSWERED", 1.0)
    assert reply("who does she live with?", packet, {}).status == "refused"


def test_what_one_thing_needs_is_not_what_is_missing_overall(packet: PacketView) -> None:
    told = reply("did they need to keep the stimulator?", packet, {})
    assert "A surgeon's opinion." not in told.text and "leads came out" in told.text
