"""Whatever is wrong in a policy's files is told with file, line and remedy: every value, turned into something else in turn."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from criteria.cases import load_cases
from criteria.policy import POLICIES, Policy, load_policy
from extractors.errors import UserError
from pipeline.cli import main

SMALL = POLICIES / "CMS-A55239"
OTHERS: tuple[Any, ...] = ("half", 7, ["x"], {"x": 1}, None, True)


def slips(node: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values."""
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield (*where, key)
        yield from slips(node[key], (*where, key))


def broken(top: Any, where: tuple[Any, ...], other: Any) -> Any:
    copied = yaml.safe_load(yaml.safe_dump(top))
    node = copied
    for key in where[:-1]:
        node = node[key]
    node[where[-1]] = other
    return copied


def tried(folder: Path) -> Policy | str:
    """The policy, or what is said of it. Any other error than a user's fails the test."""
    try:
        policy = load_policy(str(folder))
        load_cases(policy, str(folder))
        return policy
    except UserError as error:
        return str(error)


@pytest.mark.parametrize("name", ["policy.yaml", "cases.yaml"])
def test_no_slip_ends_in_a_traceback(name: str, tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "p")
    top = yaml.safe_load((SMALL / name).read_text())
    if name == "cases.yaml":
        first = next(iter(top))
        top = {first: top[first][:6], **{key: f"same as {first}" for key in list(top)[1:]}}
    told = 0
    for n, where in enumerate(slips(top)):
        other = OTHERS[n % len(OTHERS)]
        (tmp_path / "p" / name).write_text(yaml.safe_dump(broken(top, where, other), sort_keys=False))
        found = tried(tmp_path / "p")
        if isinstance(found, str):
            told += 1
            assert re.match(rf"(?:.*/)?(?:{re.escape(name)}|cases.yaml):\d+: .+; \S.+", found), (where, other, found)
    assert told > 50


def test_the_command_tells_the_line_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(SMALL, tmp_path / "p")
    text = (SMALL / "policy.yaml").read_text()
    (tmp_path / "p" / "policy.yaml").write_text(text.replace("fact: adherence", "fact: adherance", 1))
    line = next(n for n, row in enumerate(text.split("\n"), 1) if "fact: adherence" in row)
    assert main(["policy", "check", str(tmp_path / "p")]) == 2
    told = capsys.readouterr().err
    assert f"policy.yaml:{line}: unknown fact 'adherance'; " in told and "adherence" in told.partition(";")[2]
