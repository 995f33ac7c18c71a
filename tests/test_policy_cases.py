"""The policy's own cases: findings in, status out."""

from __future__ import annotations

import pytest

from criteria.cases import failures, load_cases
from criteria.policy import DEFAULT_POLICY, load_policy

POLICY = load_policy()
CASES = load_cases(POLICY, DEFAULT_POLICY)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.criterion}: {c.name}")
def test_case_comes_to_its_status(case):
    assert list(failures(POLICY, (case,))) == []
