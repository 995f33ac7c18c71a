"""A second policy is data only: its cases hold, and one packet is read once for both."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_packet import TYPED, text_packet

import extractors.find
import extractors.readers
from criteria.cases import failures, load_cases
from criteria.policy import load_policy, policy_ids
from pipeline.policies import screen_under


@pytest.mark.parametrize("name", policy_ids())
def test_every_installed_policy_holds_its_cases(name: str) -> None:
    policy = load_policy(name)
    cases = load_cases(policy, name)
    assert {case.criterion for case in cases} == {c.id for c in policy.criteria}
    assert not list(failures(policy, cases))


def test_the_second_policy_has_one_pathway_for_every_request() -> None:
    policy = load_policy("CMS-A55239")
    ids = ["C1", "C2a", "C2b", "C2c", "C2d", "C3", "C4a", "C4b", "C4c"]
    for phase in ("trial", "implant", "unknown"):
        for indication in ("malignant", "nonmalignant", "unknown"):
            pathway = policy.pathway(phase, indication)
            assert pathway is not None
            assert [c.id for c in policy.criteria_of(pathway)] == ids
    assert policy.pathway("out_of_scope", "unknown") is None


def test_one_packet_under_both_policies_is_read_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    counted = {"read": 0, "found": 0}
    read, find = extractors.readers.read_document, extractors.find.find

    def counting_read(*args: object, **kwargs: object) -> object:
        counted["read"] += 1
        return read(*args, **kwargs)  # type: ignore[arg-type]

    def counting_find(*args: object) -> object:
        counted["found"] += 1
        return find(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(extractors.readers, "read_document", counting_read)
    monkeypatch.setattr(extractors.find, "find", counting_find)
    one, two = screen_under(text_packet(tmp_path), [load_policy("LA.CP.MP.173"), load_policy("CMS-A55239")])
    assert counted == {"read": len(TYPED), "found": 1}
    assert (one.policy, two.policy) == ("LA.CP.MP.173", "CMS-A55239")
    assert one.documents == two.documents
    assert one.criteria and len(two.criteria) == 9
    assert any(c.status == "met" for c in two.criteria)
