"""The rule files, and a user's own words laid over them, so that nothing that was installed is edited.

A folder holds files named as those in `extractors/` (`sections.yaml`, `opioids.yaml`), each with what it adds: lists are
lengthened, mappings filled up, single values replaced.

    with own_rules(Path("my_rules")):                          a script or a notebook
        screen_packet(packet)
    CHARTPROOF_RULES=my_rules chartproof screen ...            a command, and the processes it starts

A batch hands them to its workers, wherever these run. A thread that a script starts itself has its own context: give
it this one (`contextvars.copy_context().run`).
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

FILES = ("concepts.yaml", "context.yaml", "cues.yaml", "opioids.yaml", "request.yaml", "sections.yaml")
VARIABLE = "CHARTPROOF_RULES"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same values, ten times as fast where PyYAML was built with its C library."""
Own = Mapping[str, str]
"""File name -> what the user's file of that name holds."""
_own: ContextVar[Own | None] = ContextVar("own_rules", default=None)


@contextmanager
def own_rules(folder: Path) -> Iterator[None]:
    """Read with the words of `folder` added. Raises UserError for a folder or file that cannot be used."""
    with laid_over(_read(folder)):
        yield


@contextmanager
def laid_over(own: Own) -> Iterator[None]:
    """Read with these words added: what `own_texts` gave in another process or on another machine."""
    token = _own.set(own)
    try:
        yield
    finally:
        _own.reset(token)


def own_texts() -> Own:
    """The user's files that hold now; empty where there are none."""
    own = _own.get()
    return _of_environment(os.environ.get(VARIABLE, "")) if own is None else own


def own_text(name: str) -> str:
    """What the user's file of this name holds, "" where there is none: the key of whatever is made of the rules."""
    return own_texts().get(name, "")


def parsed(text: str) -> Any:
    """The value of a YAML text."""
    return yaml.load(text, Loader=LOADER)


def rules(name: str, own: str) -> dict[str, Any]:
    """The rule file `name` with the YAML text `own` laid over it."""
    shipped: dict[str, Any] = parsed(files("extractors").joinpath(name).read_text("utf-8"))
    return _over(shipped, parsed(own) or {})


def rules_version() -> str:
    """Eight hexadecimal digits that tell one user's rules from another's; "" where there are none."""
    own = own_texts()
    return hashlib.sha256(repr(sorted(own.items())).encode()).hexdigest()[:8] if own else ""


@cache
def _of_environment(folder: str) -> Own:
    return _read(Path(folder)) if folder else {}


def _read(folder: Path) -> Own:
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


def _over(shipped: Any, own: Any, at: str = "") -> Any:
    """`own` laid over `shipped`. Raises ValueError where the one is a list or mapping and the other is not."""
    _same_kind(shipped, own, at)
    if isinstance(shipped, dict):
        for key in own.keys() - shipped.keys():
            _fits(own[key], str(key), shipped, at)
        return shipped | {k: _over(shipped[k], v, str(k)) if k in shipped else v for k, v in own.items()}
    if isinstance(shipped, list):
        return [*shipped, *(entry for entry in own if entry not in shipped)]
    return own


def _same_kind(shipped: Any, own: Any, at: str) -> None:
    if isinstance(shipped, dict) and not isinstance(own, dict):
        raise ValueError(f"{at or 'the file'} holds keys with values; write 'key: value' lines")
    if isinstance(shipped, list) and not isinstance(own, list):
        raise ValueError(f"{at} is a list; write each entry after '- '")
    if not isinstance(shipped, dict | list) and isinstance(own, dict | list):
        raise ValueError(f"{at} is a single value")


def _fits(entry: Any, key: str, shipped: Mapping[str, Any], at: str) -> None:
    """A new entry among others is made as they are; the top of a file that holds no such entries takes no new key."""
    beside = list(shipped.values())
    if not all(isinstance(value, dict) for value in beside):
        if not at:
            raise ValueError(f"there is no {key}; use one of {', '.join(sorted(map(str, shipped)))}")
        return
    _same_kind(beside[0], entry, key)
    needed = set.intersection(*({*value} for value in beside)) - entry.keys()
    if needed:
        raise ValueError(f"{key} needs {', '.join(sorted(needed))}, as the entries beside it have")
    for name in entry:
        for value in beside:
            if name in value:
                _same_kind(value[name], entry[name], f"{key}.{name}")
