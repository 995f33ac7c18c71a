"""What kind of thing a question asks for, which passages hold one, and how a question is turned toward what answers it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.chat.kinds import KINDS, held, wanted
from pipeline.chat.turning import learn_turn

NAMES = list(KINDS)


@pytest.mark.parametrize(
    ("question", "kind", "holds", "lacks"),
    [
        ("who drove her home", "person", "Her niece drove.", "She was driven home."),
        ("which nurse saw her?", "person", "Seen by T. Washington, RN.", "Seen at noon."),
        ("when was the trial", "date", "The trial was on 3/12.", "The trial went well."),
        ("next appt?", "date", "Back on Thursday.", "She will come back."),
        ("how long has she been sober", "duration", "Dry for nine years.", "She does not drink."),
        ("how many mg a day", "number", "60 mg daily.", "She takes it daily."),
        ("what was his INR", "number", "INR 1.1 at the door.", "The INR was fine."),
        ("the niece's phone number", "contact", "Niece, 318-555-0142.", "His niece is the contact, room 12."),
        ("where did she sleep", "place", "She slept in the recliner in the room.", "She slept badly."),
        ("why was it stopped", "reason", "Stopped because of hives.", "Stopped in May."),
    ],
)
def test_a_question_asks_for_a_kind_that_a_passage_holds_or_lacks(question: str, kind: str, holds: str, lacks: str) -> None:
    at = NAMES.index(kind)
    assert wanted(question)[at] == 1
    assert held([holds, lacks])[:, at].tolist() == [1, 0]


def test_what_is_yet_to_come_is_known_beside_the_kinds() -> None:
    assert held(["MRSA swab sent, result pending.", "MRSA swab negative."])[:, -1].tolist() == [1, 0]
    assert held([]).shape == (0, len(KINDS) + 1)


def test_a_question_is_turned_toward_what_answers_it_and_away_where_nothing_does() -> None:
    """Passages are the questions' vectors mirrored: only a turn finds the right one; of the last questions none is right."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(240, 384))
    vectors[:, 24:] = 0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    mirrored = vectors[:, ::-1]
    asked = [(v, mirrored[max(0, i - 9) : max(0, i - 9) + 20], np.array([min(i, 9)])) for i, v in enumerate(vectors[:200])]
    found = learn_turn(asked * 4)
    new = vectors[200:] + vectors[200:] @ found["turn_weights"].T + found["turn_bias"]
    ranks = (new @ mirrored[200:].T).argsort(1)[:, ::-1]
    assert np.mean(ranks[:, 0] == np.arange(40)) > 0.5 > 0.1 > np.mean((vectors[200:] @ mirrored[200:].T).argmax(1) == np.arange(40))
    silent = learn_turn([*asked, *[(v, p, np.array([], int)) for v, p, _ in asked]])
    assert silent["turn_silence"][0] > found["turn_silence"][0]
    assert all(np.array_equal(a, b) for a, b in zip(found.values(), learn_turn(asked * 4).values(), strict=True))
