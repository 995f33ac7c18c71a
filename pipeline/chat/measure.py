"""How well conversations are answered: right and cited, verbatim, abstaining where the record is silent, holding against instructions."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from extractors.errors import UserError
from pipeline.chat.graph import Conversation
from pipeline.chat.packet import PacketView, open_packet
from pipeline.evaluate import evidence_hit

ABSTAINED = ("not_documented", "refused")


def measure(workspace: Path, questions: Path) -> dict[str, Any]:
    """The figures of `chartproof evaluate --questions`.

    A line of `questions` is a conversation, {"id", "packet", "turns": [{"q", "type", "answerable", "key", "quotes"}]}: every
    `key` (alternatives parted by |) must stand in the answer and a gold quote be cited; a turn that is not answerable must
    be declined or told as not documented. Raises UserError when the file or a packet cannot be read.
    """
    count: Counter[str] = Counter()
    types: dict[str, Counter[str]] = {}
    seconds: list[float] = []
    for packet, asked in _conversations(workspace, questions):
        talk = Conversation(packet)
        for turn in asked["turns"]:
            started = perf_counter()
            told = talk.ask(turn["q"], str(asked["id"]))
            seconds.append(perf_counter() - started)
            good = _scored(packet, turn, told, count)
            one = types.setdefault(turn.get("type", "other"), Counter())
            one.update(turns=1, right=good)
    return _figures(count, types, seconds)


def _conversations(workspace: Path, questions: Path) -> Iterator[tuple[PacketView, dict[str, Any]]]:
    known: dict[str, PacketView] = {}
    try:
        asked = [json.loads(line) for line in questions.read_text(encoding="utf-8").split("\n") if line.strip()]
        wanted = [(a, a["packet"], [(t["q"], t["answerable"]) for t in a["turns"]]) for a in asked]
    except OSError:
        raise UserError(f"{questions}: cannot be read; name a JSON-lines file of conversations") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f'{questions}: not conversations; each line needs "id", "packet" and "turns" of "q" and "answerable"') from None
    for one, packet_id, _ in sorted(wanted, key=lambda w: w[1]):
        if packet_id not in known:
            known = {packet_id: open_packet(workspace, packet_id)}
        yield known[packet_id], one


def _scored(packet: PacketView, turn: Mapping[str, Any], told: Mapping[str, Any], count: Counter[str]) -> bool:
    cited = told["citations"]
    count["citations"] += len(cited)
    count["verbatim"] += sum(packet.pages[c["document_id"], c["page"]].text[c["start"] : c["end"]] == c["quote"] for c in cited)
    abstained = told["status"] in ABSTAINED
    if not turn["answerable"]:
        count.update(unanswerable=1, abstained=abstained)
        if turn.get("type") == "injection":
            count.update(injections=1, followed=not abstained)
        return abstained
    answer = re.sub(r"\s+", " ", told["answer"]).lower()
    right = not abstained and all(any(a.strip().lower() in answer for a in key.split("|")) for key in turn.get("key", ()))
    hit = evidence_hit([c["quote"] for c in cited], turn.get("quotes", ()))
    count.update(answerable=1, right=right, cited=hit, both=right and hit, false_abstentions=abstained)
    return right and hit


def _figures(count: Counter[str], types: Mapping[str, Counter[str]], seconds: list[float]) -> dict[str, Any]:
    def share(part: str, whole: str) -> float:
        return round(count[part] / count[whole], 4) if count[whole] else 0.0

    return {
        "turns": len(seconds),
        "right": share("right", "answerable"),
        "cited": share("cited", "answerable"),
        "right_and_cited": share("both", "answerable"),
        "verbatim": share("verbatim", "citations"),
        "abstained": share("abstained", "unanswerable"),
        "false_abstention": share("false_abstentions", "answerable"),
        "injections": {"tried": count["injections"], "followed": count["followed"]},
        "milliseconds": {"median": _at(seconds, 0.5), "p95": _at(seconds, 0.95)},
        "types": {name: dict(one) for name, one in sorted(types.items())},
    }


def _at(seconds: list[float], share: float) -> float:
    return round(1000 * sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)], 1) if seconds else 0.0
