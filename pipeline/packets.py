"""Packets: which files under a folder belong together as one request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from extractors.errors import UserError

REQUEST = "request.json"


@dataclass(frozen=True, slots=True)
class Packet:
    """One request's documents: `files` in a fixed order, with the document_id of each; `request` is its request.json."""

    packet_id: str
    files: tuple[tuple[str, Path], ...]
    request: Path | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be used. It holds no text of the record."""

    packet_id: str
    file: str
    problem: str


def find_packets(records: Path) -> tuple[Packet, ...]:
    """The packets of RECORDS, in order of their names.

    A file is a packet. A folder with a request.json, or with files only, is a packet. In any other folder each
    subfolder and each lone file is one; a lone file keeps its extension where its name without is taken. Hidden files
    are no documents. Raises UserError for nothing to read.
    """
    if records.is_file():
        return (_packet(records),)
    if not records.is_dir():
        raise UserError(f"{records}: no such file or folder; name a packet or a folder of packets")
    inside = _visible(records)
    if not inside:
        raise UserError(f"{records}: nothing in it; name a folder that holds documents or packets")
    if (records / REQUEST).is_file() or not any(path.is_dir() for path in inside):
        return (_packet(records),)
    packets = [_packet(path) for path in inside]
    names = Counter(packet.packet_id for packet in packets)
    return tuple(
        replace(packet, packet_id=path.name) if names[packet.packet_id] > 1 and path.is_file() else packet
        for packet, path in zip(packets, inside, strict=True)
    )


def _packet(path: Path) -> Packet:
    if path.is_file():
        return Packet(path.stem, ((path.stem, path),))
    request = path / REQUEST
    # resolved, so that `chartproof screen .` names its packet
    return Packet(path.resolve().name, _documents(path), request if request.is_file() else None)


def _documents(folder: Path) -> tuple[tuple[str, Path], ...]:
    """Every document of a folder and its subfolders, each named by its file less the extension where that is unique."""
    files = sorted(
        (path for path in folder.rglob("*") if path.is_file() and not _hidden(path.relative_to(folder))),
        key=lambda path: path.relative_to(folder).as_posix(),
    )
    files = [path for path in files if path != folder / REQUEST]
    stems = Counter(path.stem for path in files)
    names = Counter(path.name for path in files)
    return tuple((_document_id(path, folder, stems, names), path) for path in files)


def _document_id(path: Path, folder: Path, stems: Counter[str], names: Counter[str]) -> str:
    if stems[path.stem] == 1:
        return path.stem
    if names[path.name] == 1:
        return path.name
    return path.relative_to(folder).as_posix().replace("/", "_")


def _visible(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if not _hidden(Path(path.name))), key=lambda path: path.name)


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) or part in ("Thumbs.db", "desktop.ini") for part in path.parts)
