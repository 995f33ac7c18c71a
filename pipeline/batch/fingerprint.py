"""What a packet's result depends on, as one hash: its files, the policy, the software, one's own rules. Equal hash, equal result."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from criteria.policy import policy_folder
from extractors.rules import rules_version
from pipeline.packets import REQUEST, Packet

ROOT = Path(__file__).parents[2]
PACKAGES = ("extractors", "criteria", "pipeline")


def fingerprint(packet: Packet, policy: str, ocr: bool = True) -> str:
    """Hash of everything that can change a packet's files in the workspace, where its folder stands left out."""
    parts = [software(), rules_version(), _tree(policy_folder(policy)), str(ocr), packet.packet_id]
    parts += [f"{document_id}\0{path.name}\0{_content(path)}" for document_id, path in packet.files]
    if packet.request:
        parts.append(f"\0{REQUEST}\0{_content(packet.request)}")
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


@cache
def software() -> str:
    """Hash of the program itself: a version number would not tell a corrected phrase from the one before."""
    return hashlib.sha256("\n".join(_tree(ROOT / package) for package in PACKAGES).encode()).hexdigest()


def _tree(folder: Path) -> str:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts)
    return hashlib.sha256("\n".join(f"{p.relative_to(folder)}\0{_content(p)}" for p in files).encode()).hexdigest()


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content(path: Path) -> str:
    try:
        return sha256(path)
    except OSError as error:
        return f"cannot be read: {error.errno}"
