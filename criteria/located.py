"""YAML that remembers its lines, so that a message about a policy can say where and what to do."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn

import yaml

from extractors.errors import UserError
from extractors.rules import LOADER

NAMES: dict[type, str] = {str: "a text", list: "a list", bool: "true or false", int: "a number", float: "a number", type(None): "empty"}
"""What a value is called in a message."""


class Located(dict[str, Any]):
    """A mapping that knows its file and the line of each of its keys."""

    file: str = ""
    line: int = 0
    lines: dict[str, int]

    def fail(self, found: str, remedy: str, key: str | None = None) -> NoReturn:
        line = self.lines.get(key, self.line) if key else self.line
        raise UserError(f"{self.file}:{line}: {found}; {remedy}")

    def only(self, allowed: Collection[str]) -> None:
        """Refuse a key that is not in the closed set."""
        for key in self:
            if key not in allowed:
                self.fail(f"unknown key {key!r}", f"use one of {', '.join(sorted(allowed))}", key)

    def need(self, key: str, kind: type) -> Any:
        """The value of a key that must be there, with its type checked."""
        if key not in self:
            self.fail(f"no {key!r}", f"add {key}:")
        if not isinstance(self[key], kind):
            self.fail(f"{key!r} is {NAMES.get(type(self[key]), 'a mapping')}", f"write {NAMES.get(kind, 'a mapping')}", key)
        return self[key]

    def text(self, key: str) -> str:
        """The text of a key that may be left out: "" then."""
        return self.need(key, str) if self.get(key) is not None else ""

    def texts(self, key: str) -> list[str]:
        """The words of a list that may be left out."""
        words: list[str] = self.need(key, list) if self.get(key) is not None else []
        if not all(isinstance(word, str) for word in words):
            self.fail(f"an item of {key!r} is no text", "write words, a bare number or date in quotes", key)
        return words

    def mappings(self, key: str) -> list[Located]:
        """The mappings of a list that may be left out."""
        items: list[Any] = self.need(key, list) if self.get(key) is not None else []
        if not all(isinstance(item, Located) for item in items):
            self.fail(f"an item of {key!r} is not a mapping", "write each as 'key: value' lines after '- '", key)
        return items

    def number(self, key: str) -> float:
        """The number of a key that must be there."""
        value = self.need(key, object)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(f"{key!r} is {NAMES.get(type(value), 'a mapping')}", "write a number", key)
        return float(value)

    def true(self, key: str) -> bool:
        """Whether a key that may be left out says true."""
        return bool(self.need(key, bool)) if self.get(key) is not None else False


def read_yaml(path: Path) -> Located:
    """The mapping that a YAML file holds, every mapping in it located.

    Raises UserError for a missing file, broken YAML, a repeated key or another top level.
    """
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=LOADER)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise UserError(f"{path}:{line}: not YAML ({error.problem}); correct that line") from None
    value = _build(node, path.name)
    if not isinstance(value, Located):
        raise UserError(f"{path}:1: not a mapping; start with 'key: value' lines")
    return value


def _build(node: yaml.Node | None, file: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        found = Located()
        found.file, found.line, found.lines = file, node.start_mark.line + 1, {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in found:
                raise UserError(f"{file}:{key_node.start_mark.line + 1}: {key!r} stands twice; keep one")
            found[key] = _build(value_node, file)
            found.lines[key] = key_node.start_mark.line + 1
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, file) for item in node.value]
    if node is None:
        return None
    value = yaml.constructor.SafeConstructor().construct_object(node, deep=True)
    return value if isinstance(value, str | int | float | bool | type(None)) else str(node.value)
