"""Learns `learned.npz` from labelled questions: python -m pipeline.chat.train --from WORKSPACE QUESTIONS.jsonl WEIGHT ... [--aside PREFIX]

Each WORKSPACE holds the screened packets that the conversations of QUESTIONS (as `chartproof evaluate --questions` reads them) are
about. A question teaches which passages answer it: those that its gold quotes stand in; and, as often as WEIGHT says, whether the
record answers at all. At a WEIGHT of 0 it teaches only the first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.chat import embed, learned
from pipeline.chat.bounds import bounds
from pipeline.chat.intent import Intent, meant, understand
from pipeline.chat.lexicon import spelled_out, stems
from pipeline.chat.packet import PacketView, open_packet
from pipeline.chat.relevance import candidates, measures, overall, weighed
from pipeline.chat.retrieve import Hit
from pipeline.chat.turning import learn_turn
from pipeline.evaluate import evidence_hit

WAYS = ("status", "why", "missing", "compute", "compare", "who", "flag", "meds", "timeline", "out_of_bounds")
FOLDS = 3
"""Parts of the packets: what is measured of a question to learn from was turned by a model that has not seen its packet."""
RIDGE = 100.0
"""Holds the model of whether the record answers close to even."""
WRONG = 10
"""Weight of all wrong passages of a question beside its right ones."""
HALVED = 100_000
"""Numbers of an array from which they are stored in sixteen bits."""

Turn = tuple[PacketView, dict[str, Any], dict[str, Any], float]
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
    texts = [meant(turn["q"], packet) for packet, turn, _, _ in turns]
    labels = [[turn["type"]] for _, turn, _, _ in turns]
    for kind in bounds().values():
        texts += [*kind["examples"], *kind["allowed"]]
        labels += [["out_of_bounds"]] * len(kind["examples"]) + [["allowed"]] * len(kind["allowed"])
    listed: dict[str, list[str]] = yaml.safe_load(file.read_text("utf-8"))
    texts += [spelled_out(question) for questions in listed.values() for question in questions]
    labels += [[way] for way, questions in listed.items() for _ in questions]
    return named("asks", WAYS, several(texts, labels, WAYS, 100.0))


def named(model: str, names: Sequence[str], found: tuple[np.ndarray, np.ndarray]) -> Arrays:
    return {f"{model}_labels": np.array(names), f"{model}_weights": found[0], f"{model}_bias": found[1]}


def conversations(workspace: Path, file: Path, weight: float, aside: Sequence[str]) -> list[Turn]:
    """(packet, turn, what the turn before was about, had it been answered by its gold, weight); none of packets named like `aside`."""
    packets: dict[str, PacketView] = {}
    out: list[Turn] = []
    for line in (line for line in file.read_text("utf-8").split("\n") if line.strip()):
        asked = json.loads(line)
        if asked["packet"].startswith(tuple(aside)):
            continue
        if asked["packet"] not in packets:
            packets[asked["packet"]] = open_packet(workspace, asked["packet"])
        packet = packets[asked["packet"]]
        before: dict[str, Any] = {}
        for turn in asked["turns"]:
            if turn["type"] == "injection":
                continue
            out.append((packet, turn, before, weight))
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
    keep(known)
    asked = [(_vector(*t[:3]), t[0].index.matrix, np.array(sorted(gold(t[0], t[1])), int)) for t in turns]
    taught = [i for i, t in enumerate(turns) if bool(t[1]["answerable"]) == bool(len(asked[i][2]))]
    names = sorted({t[0].packet_id for t in turns})
    fold = [names.index(t[0].packet_id) % FOLDS for t in turns]
    parts = [learn_turn([asked[i] for i in taught if fold[i] != n]) for n in range(FOLDS)]
    x, y, weight = (np.concatenate(part) for part in zip(*_of_passages(turns, fold, [known | part for part in parts]), strict=True))
    slopes, bias = fit(x, y[:, None], weight, 1.0)
    known = known | {"relevance_weights": slopes, "relevance_bias": bias}
    rows = list(_of_answers(turns, fold, [known | part for part in parts]))
    told = np.array([answers for _, answers, _ in rows], np.float64)
    slopes, bias = fit(np.array([row for row, _, _ in rows]), told[:, None], np.array([w for _, _, w in rows]), RIDGE)
    return known | learn_turn([asked[i] for i in taught]) | {"answerable_weights": slopes, "answerable_bias": bias}


def _vector(packet: PacketView, turn: dict[str, Any], before: dict[str, Any]) -> np.ndarray:
    return understand(turn["q"], packet, before).vector


def _by_fold(turns: Sequence[Turn], fold: Sequence[int], known: Sequence[Arrays]) -> Iterator[tuple[Turn, Intent, list[Hit], np.ndarray]]:
    """Each turn with its hits and what is measured of them, by the models that have not seen its packet."""
    for n, models in enumerate(known):
        keep(models)
        for one in (t for t, of in zip(turns, fold, strict=True) if of == n):
            intent = understand(one[1]["q"], one[0], one[2])
            hits = candidates(intent, one[0])
            if hits:
                yield one, intent, hits, measures(intent, one[0], hits)


def _of_passages(turns: Sequence[Turn], fold: Sequence[int], known: Sequence[Arrays]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Per question with a right passage: what is measured of each, whether it is right, and how much it weighs."""
    for (packet, turn, _, _), _, hits, measured in _by_fold(turns, fold, known):
        right = gold(packet, turn)
        y = np.array([h.passage.place in right for h in hits], np.float64)
        if y.any():
            yield measured, y, np.where(y == 1, 1 / y.sum(), WRONG / max((y == 0).sum(), 1))


def _of_answers(turns: Sequence[Turn], fold: Sequence[int], known: Sequence[Arrays]) -> Iterator[tuple[np.ndarray, bool, float]]:
    """Per question that weighs: what tells whether the record answers, whether it does, and its weight."""
    kept = [(t, of) for t, of in zip(turns, fold, strict=True) if t[3]]
    for (packet, turn, _, weight), intent, hits, measured in _by_fold([t for t, _ in kept], [of for _, of in kept], known):
        yield overall(intent, packet, weighed(hits, measured)), turn["answerable"], weight


def keep(known: Arrays) -> None:
    """Write learned.npz: the models trained next look through those trained before."""
    target = Path(learned.__file__).with_name("learned.npz")
    np.savez_compressed(target, **{name: a.astype(np.float16 if a.size > HALVED else np.float32) if a.dtype.kind == "f" else a for name, a in known.items()})
    learned.weights.cache_clear()


def main(args: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="files", nargs=3, action="append", required=True, metavar=("WORKSPACE", "QUESTIONS", "WEIGHT"))
    parser.add_argument("--aside", nargs="*", default=[], metavar="PREFIX", help="packets whose questions are not learned from")
    parser.add_argument("--listed", type=Path, default=Path("fixtures/questions"), help="the folder of topics.yaml and ways.yaml")
    given = parser.parse_args(args)
    turns = [t for workspace, file, weight in given.files for t in conversations(Path(workspace), Path(file), float(weight), given.aside)]
    keep(train(turns, topics(given.listed / "topics.yaml") | asks([t for t in turns if t[3] >= 1], given.listed / "ways.yaml")))


if __name__ == "__main__":
    main()
