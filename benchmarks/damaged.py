"""Damaged and hostile PDFs, made from sound ones by a seeded chance: cut, bits turned, tables broken, bombs."""

from __future__ import annotations

import io
import random
import re
import zlib
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[bytes, random.Random], bytes]


def write_damaged(folder: Path, n: int, seed: int = 1) -> list[Path]:
    """Write n files, each with one kind of damage, named by number and kind; the same seed gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    chance, sound = random.Random(seed), [_sound(pages) for pages in (1, 2, 5)]
    paths = []
    for i in range(n):
        name, damage = list(DAMAGE.items())[i % len(DAMAGE)]
        path = folder / f"{i:04d}_{name}.pdf"
        path.write_bytes(damage(sound[i % len(sound)], chance))
        paths.append(path)
    return paths


def _sound(pages: int) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(612, 792), invariant=1)
    for page in range(pages):
        for n in range(20):
            canvas.drawString(54, 740 - 17 * n, f"Pain clinic note, sheet {page}, line {n}: no active infection today.")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(9, len(data))]


def _turned(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 10, 100))):
        out[chance.randrange(9, len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def _zeroed(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(9, len(data))
    return data[:at] + bytes(min(300, len(data) - at)) + data[at + 300 :]


def _shifted(data: bytes, chance: random.Random) -> bytes:
    return data[:9] + b"%" + b"x" * chance.randrange(1, 2000) + b"\n" + data[9:]


def _table(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"\d{10} 00000 n", lambda _: b"%010d 00000 n" % chance.randrange(len(data)), data)


def _start(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"startxref\n\d+", b"startxref\n%d" % chance.randrange(10 * len(data)), data)


def _lengths(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"/Length \d+", b"/Length %d" % chance.choice((0, 1, 10**9)), data)


def _references(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"\d+ 0 R", lambda m: b"%d 0 R" % chance.randrange(12) if chance.random() < 0.3 else m[0], data)


def _names(data: bytes, chance: random.Random) -> bytes:
    wanted = chance.choice((b"/Type", b"/Kids", b"/Pages", b"/Contents", b"/Font", b"/MediaBox", b"/Root", b"/Filter"))
    return data.replace(wanted, b"/X" + wanted[2:])


def _numbers(data: bytes, chance: random.Random) -> bytes:
    odd = (b"-1", b"1e9", b"99999999999999999999", b"null", b"0.0000001")
    return re.sub(rb"(?<=[ \[])\d+(?=[ \]])", lambda m: chance.choice(odd) if chance.random() < 0.1 else m[0], data)


def _shuffled(data: bytes, chance: random.Random) -> bytes:
    parts = re.split(rb"(?<=endobj\n)", data)
    chance.shuffle(parts)
    return b"%PDF-1.4\n" + b"".join(parts)


def _bomb(data: bytes, chance: random.Random) -> bytes:
    stream = zlib.compress(chance.choice((b" ", b"q ", b"0 0 1 1 re ")) * chance.choice((10**5, 2 * 10**6, 3 * 10**7)), 9)
    return _one_page(b"<</Filter/FlateDecode/Length %d>>stream\n" % len(stream) + stream + b"\nendstream")


def _loop(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"/Kids \[.*?\]", b"/Kids [ %d 0 R ]" % chance.randrange(1, 8), data, flags=re.DOTALL)


def _nested(data: bytes, chance: random.Random) -> bytes:
    deep = chance.choice((100, 5_000, 200_000))
    stream = chance.choice((b"[" * deep, b"<<" * deep, b"(" * deep, b"BT " * deep))
    return _one_page(b"<</Length %d>>stream\n" % len(stream) + stream + b"\nendstream")


def _noise(data: bytes, chance: random.Random) -> bytes:
    return b"%PDF-1.7\n" + chance.randbytes(chance.randrange(0, 5000))


def _one_page(contents: bytes) -> bytes:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>",
        contents,
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for n, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % n + body + b"\nendobj\n"
    at = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out) + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % at


DAMAGE: dict[str, Damage] = {
    "cut": _cut, "turned": _turned, "zeroed": _zeroed, "shifted": _shifted, "table": _table, "start": _start,
    "lengths": _lengths, "references": _references, "names": _names, "numbers": _numbers, "shuffled": _shuffled,
    "bomb": _bomb, "loop": _loop, "nested": _nested, "noise": _noise,
}  # fmt: skip
