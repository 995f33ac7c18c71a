"""How far two reviewers who did not see each other's work agree: Cohen's kappa, per criterion and over all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pipeline.store.access import Viewer
from pipeline.store.reviews import packets_of, states

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """`same` of `pairs` decisions agree; `kappa` is None where chance alone would agree always (or there are no pairs)."""

    criterion: str
    pairs: int
    same: int
    kappa: float | None


def kappa(pairs: Sequence[Pair]) -> float | None:
    """Cohen's kappa of paired labels: (observed - expected) / (1 - expected agreement)."""
    if not pairs:
        return None
    n = len(pairs)
    one, two = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(one[label] * two[label] for label in one) / n**2
    if expected == 1:
        return None
    observed = sum(a == b for a, b in pairs) / n
    return (observed - expected) / (1 - expected)


def agreement(conn: Connection, viewer: Viewer) -> list[Agreement]:
    """Over the packets of the viewer's teams whose two reviews are both finished; the first row is over all criteria."""
    pairs: dict[str, list[Pair]] = {}
    for packet in packets_of(conn, viewer):
        first, second = packet.held_as("first"), packet.held_as("second")
        if first is None or second is None or {first.state, second.state} != {"done"}:
            continue
        one, two = states(conn, packet, first), states(conn, packet, second)
        for name, state in one.items():
            pairs.setdefault(name, []).append((str(state.status), str(two[name].status)))
    rows = [("all", [pair for found in pairs.values() for pair in found]), *sorted(pairs.items())]
    return [Agreement(name, len(found), sum(a == b for a, b in found), kappa(found)) for name, found in rows]
