"""Learns `learned.npz` from labelled questions: python -m pipeline.chat.train WORKSPACE QUESTIONS.jsonl... [--listed FOLDER]

WORKSPACE holds the screened packets that the conversations (as `chartproof evaluate --questions` reads them) are about. A question
teaches which passages answer it: those that its gold quotes stand in.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.chat import embed, learned
from pipeline.chat.bounds import bounds
from pipeline.chat.intent import meant, understand
from pipeline.chat.lexicon import spelled_out, stems
from pipeline.chat.packet import PacketView, open_packet
from pipeline.chat.relevance import candidates, measures, overall, weighed
from pipeline.evaluate import evidence_hit

WAYS = ("status", "why", "missing", "compute", "compare", "who", "flag", "meds", "timeline", "out_of_bounds")
FOLDS, RIDGE = 5, 300.0
WRONG = 10
"""Weight of all wrong passages of a question beside its right ones."""

Turn = tuple[PacketView, dict[str, Any], dict[str, Any]]
Arrays = dict[str, np.ndarray]


def fit(x: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, ridge: float = 1.0, steps: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression by Newton steps, one column of `y` at a time: weights (features, outputs) and bias (outputs,)."""
    mean, scale = x.mean(0), x.std(0) + 1e-6
    z = np.hstack([(x - mean) / scale, np.ones((len(x), 1))])
    weight = np.ones(len(x)) if weight is None else weight
    keep = np.diag([ridge] * x.shape[1] + [1e-3])
    columns = []
    for column in y.T:
        b = np.zeros(z.shape[1])
        for _ in range(steps):
            p = 1 / (1 + np.exp(-np.clip(z @ b, -30, 30)))
            step = np.linalg.solve((z * (weight * p * (1 - p))[:, None]).T @ z + keep, z.T @ (weight * (p - column)) + keep @ b)
            b -= step
            if np.abs(step).max() < 1e-6:
                break
        columns.append(b)
    found = np.stack(columns, 1)
    slopes = found[:-1] / scale[:, None]
    return slopes, found[-1] - mean @ slopes


def several(texts: Sequence[str], labels: Sequence[Sequence[str]], names: Sequence[str], ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """One output per name, over sentence vectors."""
    x = embed.vectors(texts).astype(np.float64)
    y = np.array([[name in of for name in names] for of in labels], np.float64)
    return fit(x, y, None, ridge)


def topics(file: Path) -> Arrays:
    """What a question is about."""
    listed: dict[str, list[str]] = yaml.safe_load(file.read_text("utf-8"))
    of: dict[str, list[str]] = {}
    for name, questions in listed.items():
        for question in questions:
            of.setdefault(spelled_out(question), []).append(name)
    names = [name for name in listed if name != "none"]
    return named("topics", names, several(list(of), list(of.values()), names, 30.0))


def asks(turns: Sequence[Turn], file: Path) -> Arrays:
    """How a question asks."""
    texts = [meant(turn["q"], packet) for packet, turn, _ in turns]
    labels = [[turn["type"]] for _, turn, _ in turns]
    for kind in bounds().values():
        texts += [*kind["examples"], *kind["allowed"]]
        labels += [["out_of_bounds"]] * len(kind["examples"]) + [["allowed"]] * len(kind["allowed"])
    listed: dict[str, list[str]] = yaml.safe_load(file.read_text("utf-8"))
    texts += [spelled_out(question) for questions in listed.values() for question in questions]
    labels += [[way] for way, questions in listed.items() for _ in questions]
    return named("asks", WAYS, several(texts, labels, WAYS, 100.0))


def expected(turns: Sequence[Turn]) -> tuple[Arrays, np.ndarray]:
    """Whether a record answers, by the question alone; and that probability of each turn by a model that has not seen its packet."""
    x = embed.vectors([meant(turn["q"], packet) for packet, turn, _ in turns]).astype(np.float64)
    y = np.array([[turn["answerable"]] for _, turn, _ in turns], np.float64)
    fold = np.array([sorted({p.packet_id for p, _, _ in turns}).index(packet.packet_id) % FOLDS for packet, _, _ in turns])
    unseen = np.zeros(len(turns))
    for n in range(FOLDS):
        slopes, bias = fit(x[fold != n], y[fold != n], None, RIDGE)
        unseen[fold == n] = 1 / (1 + np.exp(-(x[fold == n] @ slopes + bias)[:, 0]))
    slopes, bias = fit(x, y, None, RIDGE)
    return {"expected_weights": slopes, "expected_bias": bias}, unseen


def named(model: str, names: Sequence[str], found: tuple[np.ndarray, np.ndarray]) -> Arrays:
    return {f"{model}_labels": np.array(names), f"{model}_weights": found[0], f"{model}_bias": found[1]}


def conversations(workspace: Path, files: Sequence[Path]) -> list[Turn]:
    """(packet, turn, what the turn before was about, had it been answered by its gold)."""
    packets: dict[str, PacketView] = {}
    out: list[Turn] = []
    for line in (line for file in files for line in file.read_text("utf-8").split("\n") if line.strip()):
        asked = json.loads(line)
        if asked["packet"] not in packets:
            packets[asked["packet"]] = open_packet(workspace, asked["packet"])
        packet = packets[asked["packet"]]
        before: dict[str, Any] = {}
        for turn in asked["turns"]:
            if turn["type"] == "injection":
                continue
            out.append((packet, turn, before))
            places = gold(packet, turn)
            if places:
                before = {"criteria": [], "places": sorted(places)[:6], "asks": [turn["type"]], "question": turn["q"]}
    return out


def gold(packet: PacketView, turn: dict[str, Any]) -> frozenset[int]:
    """The places of the passages that a turn's gold quotes stand in."""
    words = [set(stems(quote)) for quote in turn["quotes"]]
    near = (p for p in packet.passages if any(len(w & set(packet.index.said[p.place])) * 2 >= min(len(w), len(set(packet.index.said[p.place]))) for w in words))
    return frozenset(p.place for p in near if len(p.said) > 3 and evidence_hit([packet.cut(p).quote], turn["quotes"]))


def train(turns: Sequence[Turn], known: Arrays) -> Arrays:
    """The models of passages and of answers, given those of questions."""
    prior, unseen = expected(turns)
    known = known | prior
    keep(known)
    asked = []
    for (packet, turn, before), likely in zip(turns, unseen, strict=True):
        intent = replace(understand(turn["q"], packet, before), expected=float(likely))
        hits = candidates(intent, packet)
        if hits:
            asked.append((packet, turn, intent, hits, measures(intent, packet, hits), gold(packet, turn)))
    taught = [(x, np.array([h.passage.place in right for h in hits], np.float64)) for _, _, _, hits, x, right in asked]
    taught = [(x, y) for x, y in taught if y.any()]
    x, y = np.vstack([x for x, _ in taught]), np.concatenate([y for _, y in taught])
    weight = np.concatenate([np.where(y == 1, 1 / y.sum(), WRONG / max((y == 0).sum(), 1)) for _, y in taught])
    slopes, bias = fit(x, y[:, None], weight, 1.0)
    known = known | {"relevance_weights": slopes, "relevance_bias": bias}
    keep(known)
    rows = [overall(intent, packet, weighed(hits, x)) for packet, _, intent, hits, x, _ in asked]
    told = np.array([turn["answerable"] for _, turn, _, _, _, _ in asked], np.float64)
    slopes, bias = fit(np.array(rows), told[:, None], None, 20.0)
    return known | {"answerable_weights": slopes, "answerable_bias": bias}


def keep(known: Arrays) -> None:
    """Write learned.npz: the models trained next look through those trained before."""
    target = Path(learned.__file__).with_name("learned.npz")
    np.savez_compressed(target, **{name: a.astype(np.float32) if a.dtype.kind == "f" else a for name, a in known.items()})
    learned.weights.cache_clear()


def main(args: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("questions", type=Path, nargs="+")
    parser.add_argument("--listed", type=Path, default=Path("fixtures/questions"), help="the folder of topics.yaml and ways.yaml")
    given = parser.parse_args(args)
    turns = conversations(given.workspace, given.questions)
    keep(train(turns, topics(given.listed / "topics.yaml") | asks(turns, given.listed / "ways.yaml")))


if __name__ == "__main__":
    main()
