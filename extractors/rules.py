"""The rule files, and a user's own words laid over them, so that nothing that was installed is edited.

A folder holds files named as those in `extractors/` (`sections.yaml`, `opioids.yaml`), each with what it adds: lists are
lengthened, mappings filled up, single values replaced.

    with own_rules(Path("my_rules")):                          a script or a notebook
        find(documents, hint)
    CHARTPROOF_RULES=my_rules chartproof screen ...            a command, and the processes it starts
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from extractors.errors import UserError

FILES = ("cues.yaml", "opioids.yaml", "request.yaml", "sections.yaml")
VARIABLE = "CHARTPROOF_RULES"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same values, ten times as fast where PyYAML was built with its C library."""
_own: ContextVar[Mapping[str, str] | None] = ContextVar("own_rules", default=None)


@contextmanager
def own_rules(folder: Path) -> Iterator[None]:
    """Read with the words of `folder` added. Raises UserError for a folder or file that cannot be used."""
    token = _own.set(_read(folder))
    try:
        yield
    finally:
        _own.reset(token)


def own_text(name: str) -> str:
    """What the user's file of this name holds, "" where there is none: the key of whatever is made of the rules."""
    return _current().get(name, "")


def parsed(text: str) -> Any:
    """The value of a YAML text."""
    return yaml.load(text, Loader=LOADER)


def rules(name: str, own: str) -> dict[str, Any]:
    """The rule file `name` with the YAML text `own` laid over it."""
    shipped: dict[str, Any] = parsed(files("extractors").joinpath(name).read_text("utf-8"))
    return _over(shipped, parsed(own) or {})


def rules_version() -> str:
    """Eight hexadecimal digits that tell one user's rules from another's; "" where there are none."""
    own = _current()
    return hashlib.sha256(repr(sorted(own.items())).encode()).hexdigest()[:8] if own else ""


def _current() -> Mapping[str, str]:
    own = _own.get()
    return _of_environment(os.environ.get(VARIABLE, "")) if own is None else own


@cache
def _of_environment(folder: str) -> Mapping[str, str]:
    return _read(Path(folder)) if folder else {}


def _read(folder: Path) -> Mapping[str, str]:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; name one that holds any of {', '.join(FILES)}")
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.name not in FILES:
            raise UserError(f"{path}: no rule file has this name; use one of {', '.join(FILES)}")
        found[path.name] = path.read_text(encoding="utf-8")
        try:
            added = parsed(found[path.name])
            _over(rules(path.name, ""), added if added is not None else {})
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            raise UserError(f"{path}:{line}: not YAML ({error.problem}); correct that line") from None
        except ValueError as error:
            raise UserError(f"{path}: {error}") from None
    return found


def _over(shipped: Any, own: Any, at: str = "the file") -> Any:
    """`own` laid over `shipped`. Raises ValueError where the one is a list or mapping and the other is not."""
    if isinstance(shipped, dict):
        if not isinstance(own, dict):
            raise ValueError(f"{at} holds keys with values; write 'key: value' lines")
        return shipped | {k: _over(shipped[k], v, str(k)) if k in shipped else v for k, v in own.items()}
    if isinstance(shipped, list):
        if not isinstance(own, list):
            raise ValueError(f"{at} is a list; write each entry after '- '")
        return [*shipped, *(entry for entry in own if entry not in shipped)]
    return own
