"""Words with boxes become rows, cells, columns and headings; every character keeps its box."""

from __future__ import annotations

import numpy as np
import pytest

from extractors.readers.layout import EMPTY, TICKED, Word, compose


def line(
    text: str, x: float, y: float, size: float = 10.0, bold: bool = False, sure: float | None = None
) -> list[Word]:
    """Words of half an em per letter, a quarter em apart."""
    words = []
    for part in text.split():
        wide = 0.5 * size * len(part)
        words.append(Word(part, x, y, x + wide, y + size, size, bold, sure))
        x += wide + 0.25 * size
    return words


def frame(xs: list[float], ys: list[float]) -> list[tuple[float, float, float, float]]:
    """The lines of a full grid."""
    return [(xs[0], y, xs[-1], y) for y in ys] + [(x, ys[0], x, ys[-1]) for x in xs]


def test_every_printed_character_has_a_box_and_no_other():
    page = compose(line("Pain score 8", 50, 50) + line("at rest", 50, 62))
    assert page.text == "Pain score 8\nat rest"
    assert page.boxes.shape == (len(page.text), 4) and page.boxes.dtype == np.float32
    printed = np.array([not c.isspace() for c in page.text])
    assert (~np.isnan(page.boxes[:, 0]) == printed).all()
    assert page.confidence is None


def test_an_even_box_per_character_when_a_word_has_one_box_only():
    page = compose([Word("abcd", 10, 5, 30, 15, 10)])
    assert page.boxes.tolist() == [[10, 5, 15, 15], [15, 5, 20, 15], [20, 5, 25, 15], [25, 5, 30, 15]]


def test_confidence_follows_the_words_and_is_sure_for_drawn_boxes():
    page = compose(line("Infection", 70, 50, sure=0.75), ticks=[Word(TICKED, 50, 50, 60, 60, 10)])
    assert page.text == "☒ Infection"
    assert page.confidence is not None
    assert page.confidence[0] == 1 and np.isnan(page.confidence[1]) and (page.confidence[2:] == 0.75).all()


def test_words_inside_a_tick_box_are_noise_of_its_frame():
    words = [Word("L]", 51, 51, 58, 59, 8, confidence=0.3), *line("Yes", 70, 50, sure=0.9)]
    assert compose(words, ticks=[Word(EMPTY, 50, 50, 60, 60, 10)]).text == "☐ Yes"


def test_a_clear_gap_is_a_blank_line_and_a_common_gap_is_not():
    words = [w for k in range(4) for w in line("a line of prose", 50, 50 + 12 * k)] + line("next block", 50, 110)
    assert compose(words).text == "\n".join(["a line of prose"] * 4) + "\n\nnext block"


def test_ruled_cells_join_their_lines_and_keep_empty_cells():
    words = line("Drug", 55, 52) + line("Dose", 155, 52) + line("Note", 255, 52)
    words += line("Morphine", 55, 72) + line("took it", 255, 72) + line("at night", 255, 83)
    page = compose(words, frame([50, 150, 250, 400], [50, 70, 96]))
    assert page.text == "Drug\tDose\tNote\nMorphine\t\ttook it at night"
    assert [n.kind for n in page.lines] == ["row", "row"]
    assert page.boxes[page.text.index("night")][1] == 83


def test_a_frame_with_long_text_is_read_cell_by_cell():
    words = [w for k in range(8) for w in line(f"left {k}", 55, 52 + 12 * k) + line(f"right {k}", 255, 52 + 12 * k)]
    text = compose(words, frame([50, 250, 450], [50, 160])).text
    assert text.index("left 7") < text.index("right 0")


def test_unruled_table_wraps_under_its_column_and_keeps_empty_cells():
    rows = [
        ("Clock", "NRS", "Remarks"),
        ("08:00", "7", "usual pain"),
        ("09:00", "", "nose itches a"),
        ("10:00", "3", "ok"),
    ]
    words = []
    for (a, b, c), y in zip(rows, (50, 66, 82, 109), strict=True):
        words += line(a, 50, y) + line(b, 150, y) + line(c, 250, y)
    words += line("little", 250, 93)
    assert (
        compose(words).text == "Clock\tNRS\tRemarks\n08:00\t7\tusual pain\n09:00\t\tnose itches a little\n10:00\t3\tok"
    )


def test_two_spaces_after_a_full_stop_make_no_cell():
    words = line("He slept.", 50, 50)
    words += line("No fever.", words[-1].x1 + 5.6, 50)
    assert compose(words).text == "He slept. No fever."


PROSE = [
    "the",
    "patient",
    "reports",
    "that",
    "the",
    "pain",
    "is",
    "worse",
    "on",
    "walking",
    "and",
    "better",
    "when",
    "she",
    "lies",
    "down",
    "in",
    "the",
    "evening",
    "after",
]


def column(x: float, y: float, count: int, pitch: float = 12) -> list[Word]:
    words = []
    for k in range(count):
        words += line(" ".join(PROSE[(3 * k + j) % len(PROSE)] for j in range(9)), x, y + pitch * k, 9)
    return words


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_two_columns_are_read_left_then_right_also_on_uneven_baselines(shift: float):
    words = line("Consultation", 40, 40, 14, bold=True) + column(40, 80, 10) + column(320, 80 + shift, 10)
    left, right = compose(column(40, 80, 10)).text, compose(column(320, 80, 10)).text
    assert compose(words).text == f"Consultation\n\n{left}\n\n{right}"


def test_a_table_of_two_long_columns_stays_in_rows():
    cells = [
        ("Celecoxib and meloxicam tablets", "No benefit, stomach upset"),
        ("Physical therapy for eight weeks", "Pain worse after"),
    ]
    words = [
        w for k in range(6) for w in line(cells[k % 2][0], 50, 60 + 14 * k) + line(cells[k % 2][1], 320, 60 + 14 * k)
    ]
    assert compose(words).text.splitlines() == ["\t".join(cells[k % 2]) for k in range(6)]


@pytest.mark.parametrize(
    ("text", "bold", "size", "kind"),
    [
        ("Assessment", True, 10.0, "heading"),
        ("PAST MEDICAL HISTORY", False, 10.0, "heading"),
        ("Procedure Note", False, 14.0, "heading"),
        ("No infection was seen.", True, 10.0, "text"),
        ("MRN 0091427", False, 10.0, "text"),
    ],
)
def test_headings(text: str, bold: bool, size: float, kind: str):
    body = [w for k in range(5) for w in line("some prose of the usual size", 50, 90 + 12 * k)]
    assert compose(line(text, 50, 50, size, bold) + body).lines[0].kind == kind


def test_nothing_gives_an_empty_text():
    page = compose([])
    assert page.text == "" and page.boxes.shape == (0, 4) and page.lines == ()


def test_a_wrapped_first_cell_joins_its_row():
    words = [w for x, t in ((50, "Muscle"), (150, "Before"), (220, "After")) for w in line(t, x, 50)]
    for k, name in enumerate(["Knee", "Elbow"]):
        y = 64 + 26 * k
        words += line(name, 50, y) + line("4", 150, y) + line("1", 220, y) + line("extensors", 50, y + 11)
    assert compose(words).text == "Muscle\tBefore\tAfter\nKnee extensors\t4\t1\nElbow extensors\t4\t1"


def test_typewriter_lines_are_no_table():
    words = []
    for k in range(6):
        x = 50.0
        for part in PROSE[2 * k : 2 * k + 8]:
            words.append(Word(part, x, 50 + 12 * k, x + 6 * len(part), 60 + 12 * k, 10))
            x += 6 * len(part) + 6
    assert "\t" not in compose(words).text
