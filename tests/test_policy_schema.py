"""The JSON Schema: what it accepts and refuses, and that the one in the repository is the one generated."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from criteria.policy import POLICIES, policy_ids
from criteria.schema import policy_schema

VALIDATOR = jsonschema.Draft202012Validator(policy_schema())


def test_the_schema_beside_the_policies_is_the_generated_one() -> None:
    stored = json.loads((POLICIES / "policy.schema.json").read_text())
    assert stored == policy_schema()
    jsonschema.Draft202012Validator.check_schema(stored)


@pytest.mark.parametrize("name", policy_ids())
def test_an_installed_policy_holds(name: str) -> None:
    assert not list(VALIDATOR.iter_errors(yaml.safe_load((POLICIES / name / "policy.yaml").read_text())))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("title: No active infection", "titel: No active infection"),
        ("fact: infection", "fact: infekt"),
        ("met: [absent]", "met: [gone]"),
        ("at_least: 50", "at_least: half"),
        ("phase: trial, indication: malignant", "phase: trail, indication: malignant"),
        ("same_as: I.A.2", "same: I.A.2"),
        ("fact: infection\n      met: [absent]", "fact: infection\n      at_least: 5"),
        ("when: before_trial", "when: before"),
    ],
)
def test_a_slip_is_refused(right: str, wrong: str) -> None:
    text = (POLICIES / "LA.CP.MP.173" / "policy.yaml").read_text()
    assert right in text
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text.replace(right, wrong, 1))))


def test_an_editor_finds_the_schema() -> None:
    first = Path(POLICIES / "CMS-A55239" / "policy.yaml").read_text().splitlines()[0]
    assert first.endswith("../policy.schema.json") and (POLICIES / "policy.schema.json").is_file()
