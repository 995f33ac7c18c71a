"""What a broken policy or case file is told: the file, the line, what was found, what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from criteria.cases import failures, load_cases
from criteria.policy import DEFAULT_POLICY, POLICIES, load_policy, policy_ids
from extractors.errors import UserError

PATHWAYS = {
    ("trial", "malignant"): [f"I.A.{n}" for n in range(1, 5)],
    ("trial", "nonmalignant"): [f"I.B.{n}" for n in range(1, 12)],
    ("implant", "malignant"): [f"I.A.{n}" for n in range(1, 5)] + [f"II.A.{n}" for n in range(1, 5)],
    ("implant", "nonmalignant"): [f"I.B.{n}" for n in range(1, 12)] + [f"II.B.{n}" for n in range(1, 10)],
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(POLICIES / DEFAULT_POLICY, tmp_path / "copy"))


@pytest.mark.parametrize("asked", PATHWAYS, ids=" ".join)
def test_a_pathway_holds_its_criteria_in_policy_order(asked):
    policy = load_policy()
    pathway = policy.pathway(*asked)
    assert pathway is not None
    assert [c.id for c in policy.criteria_of(pathway)] == PATHWAYS[asked]


def test_there_are_28_criteria_and_each_has_six_named_cases():
    policy = load_policy()
    cases = load_cases(policy, DEFAULT_POLICY)
    assert len(policy.criteria) == 28
    names = {c.id: {case.name for case in cases if case.criterion == c.id} for c in policy.criteria}
    assert min(map(len, names.values())) >= 6
    assert len(cases) == sum(map(len, names.values()))


def test_every_criterion_can_come_to_every_status_that_its_cases_name():
    cases = load_cases(load_policy(), DEFAULT_POLICY)
    for criterion in load_policy().criteria:
        statuses = {case.status for case in cases if case.criterion == criterion.id}
        assert statuses == {"met", "not_met", "insufficient", "conflicting"}, criterion.id


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("fact: infection", "fact: infektion", "unknown fact 'infektion'"),
        ("met: [absent]", "met: [away]", "epidural_tumor is never 'away'"),
        ("      now: true", "      nowt: true", "unknown key 'nowt'"),
        ("same_as: I.A.2", "same_as: I.A.9", "I.A.9 is not above"),
        ("phase: trial, indication: malignant", "phase: trail, indication: malignant", "unknown phase 'trail'"),
        ("- id: I.A.2", "- id: I.A.1", "criterion I.A.1 stands twice"),
        ("at_least: 50", "at_least: 50\n      at_most: 60", "bound on opioid_wean"),
    ],
)
def test_a_mistake_is_told_with_its_line(copy, old, new, told):
    path = copy / "policy.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError) as error:
        load_policy(str(copy))
    message = str(error.value)
    assert told in message
    line = int(message.removeprefix("policy.yaml:").split(":")[0])
    second = text.index(old) + new.rfind("\n") + 1
    assert line == path.read_text()[: second + 1].count("\n") + 1


def test_broken_yaml_is_told_with_its_line(copy):
    (copy / "policy.yaml").write_text("id: X\ntitle: [open\n")
    with pytest.raises(UserError, match=r"policy.yaml:\d: not YAML .*; correct that line"):
        load_policy(str(copy))


def test_an_unknown_policy_names_those_that_are_here():
    with pytest.raises(UserError, match="LA.CP.MP.173"):
        load_policy("LA.XX")
    assert "LA.CP.MP.173" in policy_ids()


def test_a_case_that_comes_out_otherwise_is_named_with_its_line(copy):
    path = copy / "cases.yaml"
    path.write_text(path.read_text().replace("no active infection meets it, status: met", "wrong, status: not_met"))
    policy = load_policy(str(copy))
    lines = list(failures(policy, load_cases(policy, str(copy))))
    assert [line.split(": ", 1)[1] for line in lines] == [
        "I.A.4 wrong: met, not not_met",
        "I.B.9 wrong: met, not not_met",
    ]


def test_a_second_policy_needs_no_python(copy):
    path = copy / "policy.yaml"
    path.write_text(path.read_text().replace("at_least: 50", "more_than: 50").replace("id: LA.CP.MP.173", "id: OTHER"))
    policy = load_policy(str(copy))
    assert policy.id == "OTHER"
    assert any("I.B.10 exactly half" in line for line in failures(policy, load_cases(policy, str(copy))))
