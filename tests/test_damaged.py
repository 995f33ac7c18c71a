"""Damaged, hostile and mislabelled files: each ends as a screening or as a problem with a name, and none ends a worker."""

from __future__ import annotations

from collections import Counter

import pytest
from damaged_files import DAMAGE, write_damaged

from pipeline.batch.intake import Options, screen_all
from pipeline.packets import find_packets

FILES = 2 * len(DAMAGE)


@pytest.mark.slow
def test_each_of_two_files_of_every_kind_of_damage_ends_under_its_name(tmp_path):
    written = write_damaged(tmp_path / "records", FILES, seed=2)
    outcome = screen_all(find_packets(tmp_path / "records"), tmp_path / "w", Options(jobs=1))
    assert (outcome.counts.total, outcome.counts.ended, outcome.stopped) == (FILES, FILES, None)
    screened = {path.stem for path in (tmp_path / "w" / "screenings").iterdir()}
    told = {problem.packet_id: problem.problem for problem in outcome.problems}
    assert all(text for text in told.values())
    assert {path.parent.name for path in written} == screened | told.keys()
    bugs = [(name, text) for name, text in told.items() if "internal error" in text or "given up" in text]
    assert not bugs, bugs
    assert Counter(name.partition("_")[2] for name in told)["noise"] == 2  # what cannot be read is not passed over


def test_the_same_seed_damages_alike(tmp_path):
    one, other = (write_damaged(tmp_path / name, FILES, seed=3) for name in "ab")
    same = [a.read_bytes() == b.read_bytes() for a, b in zip(one, other, strict=True) if "locked" not in str(a)]
    assert all(same) and len(same) == FILES - 2
