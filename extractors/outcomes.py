"""A trial's outcome from two numbers: relief in percent with its arithmetic, function as better or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from extractors.document import Excerpt
from extractors.finding import Finding
from extractors.quantities import side


@dataclass(slots=True)
class Scores:
    """Scores of one trial in one document, gathered until both ends are known."""

    before: list[tuple[float, Excerpt]] = field(default_factory=list)
    during: list[tuple[float, Excerpt]] = field(default_factory=list)


def relief_finding(
    where: Excerpt,
    value: float | str,
    bound: str,
    low: float | None,
    high: float | None,
    day: str | None,
    derivation: str | None,
    source: str,
    operands: tuple[Excerpt, ...] = (),
) -> Finding:
    word = value if isinstance(value, str) else side(low or 0.0, high or 0.0, bound)  # type: ignore[arg-type]
    return Finding(
        "trial_relief",
        value,
        where,
        f"relief.{source}",
        unit="%" if isinstance(value, float) else None,
        date=day,
        derivation=derivation,
        operands=operands,
        attributes={"bound": bound, "low": low, "high": high, "side": word, "source": source},
    )


def scored(before: float, during: float, unit: str, day: str | None, *places: Excerpt) -> Finding:
    percent = round(100 * (before - during) / before, 1)
    scale = "VAS (mm)" if unit == "mm" or before > 10 else "0-10 scale"
    word = "reduction" if percent >= 0 else "increase"
    operands = tuple(dict.fromkeys(places))
    return relief_finding(
        places[-1],
        percent,
        "exact",
        percent,
        percent,
        day,
        f"{before:g} -> {during:g} on {scale} = {abs(percent):g} % {word}",
        "scores",
        operands,
    )


def computed(scores: Scores, day: str | None) -> Iterator[Finding]:
    if scores.before and scores.during:
        first = scores.before[0][1]
        before = round(sum(value for value, _ in scores.before) / len(scores.before), 1)
        during, last = held(scores.during)
        if before > 0:
            yield scored(before, during, "", day, first, last)


def held(readings: Sequence[tuple[float, Excerpt]]) -> tuple[float, Excerpt]:
    """The best level that two readings hold; the best one where there are fewer than three."""
    ordered = sorted(readings, key=lambda r: r[0])
    return ordered[1] if len(ordered) >= 3 else ordered[0]


def function_word(before: float, during: float, measure: str) -> str | None:
    """ "improved" or "unchanged": a change of at least 15 % in the better direction."""
    if before == during == 0:
        return None
    change = during - before if measure == "more" else before - during
    return "improved" if change >= 0.15 * max(abs(before), 1e-9) and change > 0 else "unchanged"


def function_finding(
    word: str, before: float, during: float, unit: str, name: str, where: Excerpt, day: str | None
) -> Finding:
    return Finding(
        "trial_function",
        word,
        where,
        "relief.function",
        date=day,
        derivation=f"{name.strip()} {before:g} -> {during:g}{' ' + unit if unit else ''}",
        operands=(where,),
        attributes={"before": before, "during": during, "unit": unit, "measure": name.strip()},
    )
